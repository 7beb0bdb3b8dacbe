using System.CommandLine;
using Ahoy.Client.Output;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>`ahoy cancel`.</summary>
internal static class CancelCommand
{
    public static Command Create(ClientContext context)
    {
        var ids = JobArguments.Many();
        var format = Options.Format();
        var command = new ExampleCommand("cancel", "Cancels jobs. What has ended already stays as it is.", "ahoy cancel last", "ahoy cancel 3-7 12");
        command.Add(ids);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var jobs = new List<JobView>();
            foreach (var id in await JobSelector.ResolveAsync(api, parsed.GetRequiredValue(ids), cancellationToken))
            {
                var job = await api.CancelJobAsync(id, cancellationToken);
                jobs.Add(job);
                if (parsed.GetValue(format) == OutputFormat.Text)
                    context.Terminal.WriteLine($"{job.Id} {JobText.Word(job.State)}");
            }

            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(new JobList { Jobs = jobs });
            return 0;
        });
        return command;
    }
}
