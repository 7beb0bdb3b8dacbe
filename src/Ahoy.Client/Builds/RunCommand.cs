using System.CommandLine;
using Ahoy.Client.Api;
using Ahoy.Client.Jobs;
using Ahoy.Client.Output;
using Ahoy.Client.Transfers;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Builds;

/// <summary>`ahoy run`: from a program on this disk to its result, in one command.</summary>
internal static class RunCommand
{
    public static Command Create(ClientContext context)
    {
        var words = CommandWords.Argument("An image's name, unless one is to be made for the program; and, after --, the program and its arguments.");
        var baseName = Options.Text("--base", "BASE", "The base image for a program of this machine. Default: the only base there is.");
        var package = Options.Many("--package", "NAME", "A package that a program of this machine needs, beside those that are found.");
        var detach = new Option<bool>("--detach", "-d") { Description = "Submit, print the job's id, and return." };
        var verbosity = new VerbosityOptions();
        var job = new JobOptions(context);
        var command = new ExampleCommand(
            "run",
            "Runs a program as a job and stays with it: builds an image if needed, submits, shows the output, fetches the results, and exits with the program's code.",
            "ahoy run --base debian-12 --input data.csv --output result.json -- ./analyse.py data.csv result.json",
            "ahoy run sunspots --input data.csv --output result.json -- analyse.py data.csv result.json")
        {
            FailureCode = ExampleCommand.JobNotRun,
        };
        command.Add(words);
        command.Add(baseName);
        command.Add(package);
        command.Add(detach);
        verbosity.AddTo(command);
        job.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (image, program) = CommandWords.Of(parsed, words);
            if (image is null && program.Count == 0)
                throw new UsageException("Run what? Write: ahoy run [options] -- CMD ARG…, or ahoy run [options] IMAGE -- CMD ARG….");
            var follow = parsed.GetValue(detach) ? (Verbosity?)null : verbosity.Of(parsed);
            var inputs = job.Inputs(parsed);
            job.Request(parsed, "", program);

            if (image is not null)
            {
                if (parsed.GetValue(baseName) is not null || parsed.GetValue(package) is { Length: > 0 })
                    throw new UsageException($"--base and --package are for programs of this machine; here the image {image} is named. Leave out one of them.");
                context.WarnOfInput();
                using var connection = context.Connect();
                return await RunAsync(context, connection, job.Request(parsed, image, program), inputs, follow, cancellationToken);
            }

            if (ProgramPath.Find(program[0], context.WorkingDirectory, out var fault, out var code) is not { } path)
            {
                context.Terminal.Note($"ahoy: {fault}");
                return code;
            }

            context.WarnOfInput();
            using var api = context.Connect();
            var prepared = await new RunPreparation(context, api, verbosity.Of(parsed)).PrepareAsync(program, path, parsed.GetValue(baseName), parsed.GetValue(package) ?? [], cancellationToken);
            foreach (var (place, file) in prepared.Inputs)
            {
                inputs.AddFound(place, file);
            }

            return await RunAsync(context, api, job.Request(parsed, prepared.Image, prepared.Command), inputs, follow, cancellationToken);
        });
        return command;
    }

    /// <summary>A file that is named as an argument only stays here, and the program would look for it in vain.</summary>
    private static void WarnOfArguments(ClientContext context, JobRequest request, InputFiles inputs)
    {
        foreach (var argument in request.Command.Skip(1).Distinct())
        {
            var path = Path.GetFullPath(argument, context.WorkingDirectory);
            // What is named absolutely is mostly meant to be the image's.
            if (Path.IsPathRooted(argument) || !File.Exists(path))
                continue;
            var place = Path.GetRelativePath(context.WorkingDirectory, path);
            if (place.StartsWith("../", StringComparison.Ordinal))
                context.Terminal.Note($"ahoy: warning: {argument} is a file here, but the job has nothing outside of its own directory. Write --input {argument}:{Path.GetFileName(path)}, and {Path.GetFileName(path)} as the argument.");
            else if (!inputs.Files.ContainsKey(place))
                context.Terminal.Note($"ahoy: warning: {argument} is a file here that does not travel with the job. Add --input {argument} if the program reads it.");
        }
    }

    /// <param name="follow">How to stay with the job; null: not at all.</param>
    private static async Task<int> RunAsync(ClientContext context, MasterApi api, JobRequest request, InputFiles inputs, Verbosity? follow, CancellationToken cancellationToken)
    {
        WarnOfArguments(context, request, inputs);
        var job = await new Submission(context, api).SubmitAsync(request, inputs.Files, cancellationToken);
        if (follow is { } verbosity)
            return await new JobFollower(context, api, verbosity).FollowAsync(job, cancellationToken);
        context.Terminal.WriteLine(job.Id.ToString());
        return 0;
    }
}
