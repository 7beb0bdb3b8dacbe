using System.CommandLine;
using Ahoy.Client.Output;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>`ahoy wait`: returns when the jobs have ended, with the first code that is not 0.</summary>
internal static class WaitCommand
{
    public static Command Create(ClientContext context)
    {
        var ids = JobArguments.Many();
        var format = Options.Format();
        var command = new ExampleCommand("wait", "Waits until jobs have ended. Exits with the first job's exit code that is not 0.", "ahoy wait last", "ahoy wait 3-7")
        {
            FailureCode = ExampleCommand.JobNotRun,
        };
        command.Add(ids);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var ended = new List<JobView>();
            foreach (var id in await JobSelector.ResolveAsync(api, parsed.GetRequiredValue(ids), cancellationToken))
            {
                var job = await new JobWatch(context.Terminal, api, Verbosity.Normal).UntilEndAsync(await api.GetJobAsync(id, cancellationToken), cancellationToken);
                ended.Add(job);
                if (parsed.GetValue(format) == OutputFormat.Text)
                    context.Terminal.WriteLine($"{job.Id} {JobText.Word(job.State)}{(JobText.Reason(job) is { } reason ? ": " + reason : "")}");
            }

            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(new JobList { Jobs = ended });
            return ended.Select(JobExitCode.Of).FirstOrDefault(code => code != 0);
        });
        return command;
    }
}
