using System.CommandLine;
using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>`ahoy ps`: the user's jobs in a table.</summary>
internal static class PsCommand
{
    private const int Limit = 1000;
    private static readonly TimeSpan Recent = TimeSpan.FromDays(1);

    public static Command Create(ClientContext context)
    {
        var all = new Option<bool>("--all", "-a") { Description = $"Also jobs that ended longer than a day ago; at most the newest {Limit}." };
        var format = Options.Format();
        var command = new ExampleCommand("ps", "Lists your jobs: the active ones, and what ended within the last day.", "ahoy ps", "ahoy ps -a --format json");
        command.Add(all);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var jobs = await ListAsync(api, parsed.GetValue(all), cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(new JobList { Jobs = jobs });
            else
                Table(jobs).Print(context.Terminal);
            return 0;
        });
        return command;
    }

    private static async Task<IReadOnlyList<JobView>> ListAsync(MasterApi api, bool all, CancellationToken cancellationToken)
    {
        var newest = (await api.ListJobsAsync(activeOnly: false, Limit, cancellationToken)).Jobs;
        if (all)
            return newest;
        var since = TimeProvider.System.GetUtcNow() - Recent;
        var shown = newest.Where(job => !job.State.IsTerminal() || (job.EndedAt ?? job.SubmittedAt) > since);
        if (newest.Count < Limit)
            return [.. shown];
        // An old job may still be active beyond the newest ones.
        var active = (await api.ListJobsAsync(activeOnly: true, Limit, cancellationToken)).Jobs;
        return [.. shown.UnionBy(active, job => job.Id).OrderByDescending(job => job.Id.Value)];
    }

    private static TextTable Table(IReadOnlyList<JobView> jobs)
    {
        var table = new TextTable("ID", "NAME", "STATE", "IMAGE", "AGENT", "AGE", "EXIT");
        foreach (var job in jobs)
        {
            table.Add(
                job.Id.ToString(),
                job.Request.Name ?? "-",
                JobText.Word(job.State),
                job.Request.Image,
                job.Agent ?? "-",
                Ages.Since(job.SubmittedAt),
                job.End?.Signal is { } signal ? $"signal {signal}" : job.ExitCode?.ToString() ?? "-");
        }

        return table;
    }
}
