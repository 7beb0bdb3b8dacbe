using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Agents;

/// <summary>Takes jobs back from agents that vanished (their lease ended) or that forgot them (restarted without their journal).</summary>
internal sealed partial class LostAttempts(AgentDirectory agents, JobIndex index, JobStore store, MasterOptions options, TimeProvider time, ILogger<LostAttempts> logger) : BackgroundService
{
    /// <summary>The job as it goes on after an attempt was lost: queued again, ended when that happened too often, or canceled when its user wanted that anyway.</summary>
    public static JobRow GiveBack(JobRow row, string how, int maxLost, DateTimeOffset now)
    {
        if (row.State == JobState.Canceling)
        {
            var canceled = new JobEnd { Cause = EndCause.Canceled, Phase = JobState.Canceling, Message = $"Canceled by its user; {how}." };
            return row with { State = JobState.Canceled, Abandoned = true, EndedAt = now, Result = new() { End = canceled } };
        }

        var lost = row.Lost + 1;
        if (lost < maxLost)
            return row with { State = JobState.Queued, Agent = null, StartedAt = null, Lost = lost };
        var end = new JobEnd
        {
            Cause = EndCause.HostLost,
            Phase = row.State,
            Message = $"{lost} attempts were lost, the last one on {row.Agent}: {how}.",
            Hint = "Look at those hosts: a job that brings its host down (memory, disk) is lost everywhere.",
        };
        return row with { State = JobState.SystemError, Abandoned = true, Lost = lost, EndedAt = now, Result = new() { End = end } };
    }

    /// <summary>Takes back what the master thinks the agent has begun, but the agent does not hold.</summary>
    public async Task GiveBackForgottenAsync(AgentSession session)
    {
        var newProcess = session.TakeNewProcess();
        var forgotten = index.OfAgent(session.Name)
            .Where(row => (newProcess || row.State != JobState.Assigned) && !session.Held.Contains(row.AttemptId))
            .ToList();
        await GiveBackAsync(forgotten, $"{session.Name} is in contact but no longer has it");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = options.Lease;
            foreach (var session in agents.All)
            {
                var left = options.Lease - session.SilentFor(time);
                if (left > TimeSpan.Zero)
                {
                    wait = left < wait ? left : wait;
                    continue;
                }

                try
                {
                    await GiveBackAsync(index.OfAgent(session.Name), $"{session.Name} made no contact for {options.Lease.TotalSeconds:0} s");
                }
                catch (AhoyException e)
                {
                    Log.Failed(logger, session.Name, e);
                }
            }

            await Task.Delay(wait < options.ShortestLeaseCheck ? options.ShortestLeaseCheck : wait, time, stoppingToken);
        }
    }

    private async Task GiveBackAsync(IReadOnlyList<JobRow> rows, string how)
    {
        if (rows.Count == 0)
            return;
        var now = time.GetUtcNow();
        var changed = await store.ChangeAsync([.. rows.Select(row => (row.Id, Only(row, how, now)))]);
        foreach (var row in changed)
        {
            if (row is null)
                continue;
            Log.Lost(logger, new AttemptId(row.Id, row.Attempt), how);
            index.Publish(row);
        }
    }

    private Func<JobRow, JobRow?> Only(JobRow seen, string how, DateTimeOffset now) => row =>
        row.Attempt == seen.Attempt && row.Agent == seen.Agent ? GiveBack(row, how, options.MaxLostAttempts, now) : null;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Attempt {Attempt} is lost: {How}")]
        public static partial void Lost(ILogger logger, AttemptId attempt, string how);

        [LoggerMessage(2, LogLevel.Error, "The jobs of {Agent} could not be taken back")]
        public static partial void Failed(ILogger logger, string agent, Exception error);
    }
}
