using System.CommandLine;
using Ahoy.Client.Output;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Images.Capture;

namespace Ahoy.Client.Builds;

/// <summary>`ahoy build`: an application image from a base and the user's files.</summary>
internal static class BuildCommand
{
    public static Command Create(ClientContext context)
    {
        var name = new Argument<string>("NAME") { Description = "The image's name." };
        var baseName = Options.Text("--base", "BASE", "The base image, or an application image of yours. Default: the only base there is.");
        var add = Options.Many("--add", "SRC[:DEST]", "A file or directory to put into the image, at /app unless DEST says where. What its programs need comes along.");
        var package = Options.Many("--package", "NAME", "A package to install.");
        var entrypoint = Options.Text("--entrypoint", "CMD", "What a job starts that names no program, words separated by blanks.");
        var dryRun = new Option<bool>("--dry-run") { Description = "Only report what would go into the image." };
        var verbosity = new VerbosityOptions();
        var format = Options.Format();
        var command = new ExampleCommand(
            "build",
            "Builds an application image on the master and prints its name and digest. What is there already is not built again.",
            "ahoy build sunspots --base debian-12 --add ./analyse.py --package python3-numpy");
        foreach (var option in new Option[] { baseName, add, package, entrypoint, dryRun, format })
        {
            command.Add(option);
        }

        verbosity.AddTo(command);
        command.Add(name);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var image = ImageName.Check(parsed.GetRequiredValue(name));
            var added = AddedFiles.Collect(parsed.GetValue(add) ?? [], context.WorkingDirectory);
            foreach (var refused in added.Refused)
            {
                context.Terminal.Note($"ahoy: warning: {refused}");
            }

            var packages = parsed.GetValue(package) ?? [];
            if (parsed.GetValue(add) is not { Length: > 0 } && packages.Length == 0 && parsed.GetValue(entrypoint) is null)
                throw new UsageException($"Build {image} of what? Name files with --add, or packages with --package. The base alone can be run as it is: ahoy run BASE -- CMD.");

            using var api = context.Connect();
            var choice = new BaseChoice(context, api);
            var parent = await choice.FindAsync(parsed.GetValue(baseName), cancellationToken);
            var contents = await choice.ContentsAsync(parent, cancellationToken);
            var report = await NeedsAnalysis.RunAsync(context, [], [], contents, added.Files, packages, cancellationToken);
            if (parsed.GetValue(dryRun))
            {
                CaptureCommand.Print(context.Terminal, report, parent.Name, parsed.GetValue(format));
                return 0;
            }

            NeedsAnalysis.WarnOfUnmet(context.Terminal, report);
            var build = new ImageBuild(context, api, verbosity.Of(parsed));
            var request = await build.PrepareAsync(
                new BuildRequest
                {
                    Name = image,
                    Base = parent.Name,
                    Packages = [.. packages, .. report.Packages.Select(item => item.Name)],
                    Entrypoint = parsed.GetValue(entrypoint)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
                    Programs = report.Programs,
                },
                report.Files,
                added.Files,
                cancellationToken);
            var before = await api.FindImageAsync(ImageKind.Application, image, cancellationToken);
            var built = await build.RunAsync(request, cancellationToken);
            if (before is not null && before.Digest != built.Image)
                context.Terminal.Note($"The name {built.Name} stands for another image now: {before.Digest} before, {built.Image} from here on.");
            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(built);
            else
                context.Terminal.WriteLine($"{built.Name} {built.Image}{(built.FromStore ? " (was there already)" : "")}");
            return 0;
        });
        return command;
    }
}
