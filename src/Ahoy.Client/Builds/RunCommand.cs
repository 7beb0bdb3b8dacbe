using System.CommandLine;
using Ahoy.Client.Api;
using Ahoy.Client.Jobs;
using Ahoy.Client.Transfers;

namespace Ahoy.Client.Builds;

/// <summary>`ahoy run`: from a program on this disk to its result, in one command.</summary>
internal static class RunCommand
{
    public static Command Create(ClientContext context)
    {
        var words = CommandWords.Argument("An image's name, unless one is to be made for the program; and, after --, the program and its arguments.");
        var baseName = Options.Text("--base", "BASE", "The base image for a program of this machine. Default: the only base there is.");
        var job = new JobOptions();
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
        job.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (image, program) = CommandWords.Of(parsed, words);
            if (image is null && program.Count == 0)
                throw new UsageException("Run what? Write: ahoy run -- CMD ARG…, or ahoy run IMAGE -- CMD ARG….");
            var inputs = job.Inputs(parsed, context.WorkingDirectory);
            job.Request(parsed, "", program);

            if (image is not null)
            {
                if (parsed.GetValue(baseName) is not null)
                    throw new UsageException($"--base is for programs of this machine; here the image {image} is named. Leave out one of them.");
                using var connection = context.Connect();
                return await RunAsync(context, connection, job, parsed, image, program, inputs, cancellationToken);
            }

            if (ProgramPath.Find(program[0], context.WorkingDirectory, out var fault, out var code) is not { } path)
            {
                context.Terminal.Note($"ahoy: {fault}");
                return code;
            }

            using var api = context.Connect();
            var prepared = await new RunPreparation(context, api).PrepareAsync(program, path, parsed.GetValue(baseName), cancellationToken);
            foreach (var (place, file) in prepared.Inputs)
            {
                inputs.AddFound(place, file);
            }

            return await RunAsync(context, api, job, parsed, prepared.Image, prepared.Command, inputs, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        ClientContext context, MasterApi api, JobOptions options, ParseResult parsed, string image, IReadOnlyList<string> program, InputFiles inputs, CancellationToken cancellationToken)
    {
        var job = await new Submission(context, api).SubmitAsync(options.Request(parsed, image, program), inputs.Files, cancellationToken);
        return await new JobFollower(context, api).FollowAsync(job, cancellationToken);
    }
}
