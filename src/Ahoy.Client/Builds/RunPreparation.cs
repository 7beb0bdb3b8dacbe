using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Images.Capture;

namespace Ahoy.Client.Builds;

/// <summary>Finds out what a program of this machine needs, and sees to it that there is an image which has it.</summary>
internal sealed class RunPreparation(ClientContext context, MasterApi api, Verbosity verbosity)
{
    private const string PendingName = "pending";

    /// <param name="command">As the user wrote it.</param>
    /// <param name="program">The absolute path of its first word.</param>
    /// <param name="baseName">Null: the only base there is.</param>
    /// <param name="packages">That the user named.</param>
    public async Task<PreparedRun> PrepareAsync(IReadOnlyList<string> command, string program, string? baseName, IReadOnlyList<string> packages, CancellationToken cancellationToken)
    {
        var choice = new BaseChoice(context, api);
        var parent = await choice.FindAsync(baseName, cancellationToken);
        var contents = await choice.ContentsAsync(parent, cancellationToken);
        var report = await NeedsAnalysis.RunAsync(context, [], command, contents, [], packages, cancellationToken);
        NeedsAnalysis.WarnOfUnmet(context.Terminal, report);
        return new PreparedRun
        {
            Image = await ImageAsync(parent, report, packages, cancellationToken),
            Command = [CommandWord(command[0], program, report), .. command.Skip(1)],
            Inputs = report.Inputs.ToDictionary(input => input.Path, input => input.HostPath),
        };
    }

    /// <summary>The name of an image with the program's needs. The name is made from their content, so one that exists is the right one.</summary>
    private async Task<string> ImageAsync(ImageView parent, CaptureReport report, IReadOnlyList<string> packages, CancellationToken cancellationToken)
    {
        if (packages.Count == 0 && report.Packages.Count == 0 && report.Files.Count == 0)
            return parent.Name;
        var build = new ImageBuild(context, api, verbosity);
        var request = await build.PrepareAsync(
            new BuildRequest { Name = PendingName, Base = parent.Name, Packages = [.. packages, .. report.Packages.Select(package => package.Name)], Programs = report.Programs },
            report.Files,
            [],
            cancellationToken);
        request = request with { Name = ImageBuild.DerivedName(request, parent.Digest) };
        if (await api.FindImageAsync(ImageKind.Application, request.Name, cancellationToken) is null)
            await build.RunAsync(request, cancellationToken);
        return request.Name;
    }

    /// <summary>What travels with the job is at the same place in its working directory, what was taken into the image at its absolute path; all else is the base's or a package's.</summary>
    private string CommandWord(string word, string program, CaptureReport report)
    {
        var relative = Path.GetRelativePath(context.WorkingDirectory, program);
        if (report.Inputs.Any(input => input.Path == relative))
            return "./" + relative;
        return word.Contains('/') || report.Files.Any(file => file.Path == program.TrimStart('/')) ? program : word;
    }
}
