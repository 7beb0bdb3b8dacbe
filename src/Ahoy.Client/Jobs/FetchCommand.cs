using System.CommandLine;
using Ahoy.Client.Output;
using Ahoy.Client.Transfers;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>`ahoy fetch`: brings outputs to this machine.</summary>
internal static class FetchCommand
{
    public static Command Create(ClientContext context)
    {
        var id = JobArguments.One();
        var directory = new Argument<string>("DIR") { Description = "Where to put the outputs. Default: the working directory.", DefaultValueFactory = _ => "." };
        var format = Options.Format();
        var command = new ExampleCommand("fetch", "Downloads a job's outputs, and prints their paths.", "ahoy fetch last out/");
        command.Add(id);
        command.Add(directory);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var job = await api.GetJobAsync(await JobSelector.ResolveOneAsync(api, parsed.GetRequiredValue(id), cancellationToken), cancellationToken);
            CheckOutputs(job);
            var target = Path.GetFullPath(parsed.GetRequiredValue(directory), context.WorkingDirectory);
            var paths = await ProgressLine.RunAsync(context.Terminal, "Fetching outputs", progress => new OutputFetcher(api, progress).FetchAsync(job, target, cancellationToken));
            if (parsed.GetValue(format) == OutputFormat.Json)
            {
                context.Terminal.WriteJson(job);
                return 0;
            }

            foreach (var path in paths)
            {
                context.Terminal.WriteLine(Path.GetRelativePath(context.WorkingDirectory, path) is var relative && relative.StartsWith("../", StringComparison.Ordinal) ? path : relative);
            }

            return 0;
        });
        return command;
    }

    private static void CheckOutputs(JobView job)
    {
        if (!job.State.IsTerminal())
            throw new AhoyException(ErrorCode.Conflict, $"Job {job.Id} is {JobText.Word(job.State)}; its outputs are there when it has ended. Wait for it: `ahoy wait {job.Id}`.");
        if (job.Outputs.Count > 0)
            return;
        var why = job.Request.Outputs.Count == 0
            ? "It was submitted without --output."
            : $"It ended {JobText.Word(job.State)}: `ahoy show {job.Id}` says why.";
        throw new AhoyException(ErrorCode.NotFound, $"Job {job.Id} has no outputs. {why}");
    }
}
