using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Agents;

/// <summary>
/// Takes jobs back from agents that vanished (their lease ended), that forgot them (restarted without their journal), or that
/// do not confirm a cancel.
/// </summary>
internal sealed partial class LostAttempts : BackgroundService
{
    private readonly AgentDirectory _agents;
    private readonly JobIndex _index;
    private readonly JobStore _store;
    private readonly MasterOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<LostAttempts> _logger;
    private readonly Lock _gate = new();
    /// <summary>Since when each job is being canceled, by a clock that nobody sets. After a restart it runs anew.</summary>
    private readonly Dictionary<AttemptId, long> _canceling = [];
    private TaskCompletionSource _woken = NewSignal();

    public LostAttempts(AgentDirectory agents, JobIndex index, JobStore store, MasterOptions options, TimeProvider time, ILogger<LostAttempts> logger)
    {
        (_agents, _index, _store, _options, _time, _logger) = (agents, index, store, options, time, logger);
        index.Changed += Watch;
    }

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
            return row with { State = JobState.Queued, Agent = null, StartedAt = null, Lost = lost, LostBy = row.Agent };
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
        var forgotten = _index.OfAgent(session.Name)
            .Where(row => (newProcess || row.State != JobState.Assigned) && !session.Held.Contains(row.AttemptId))
            .ToList();
        await GiveBackAsync(session, forgotten, $"{session.Name} is in contact but no longer has it");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var woken = WhenWoken();
            var wait = await CheckAsync();
            using var delay = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(Task.Delay(wait < _options.ShortestLeaseCheck ? _options.ShortestLeaseCheck : wait, _time, delay.Token), woken);
            await delay.CancelAsync();
        }
    }

    /// <summary>Ends what is over now.</summary>
    /// <returns>How long until there can be more.</returns>
    internal async Task<TimeSpan> CheckAsync()
    {
        var leases = await EndLeasesAsync();
        var cancels = await EndCancelsAsync();
        return leases < cancels ? leases : cancels;
    }

    /// <returns>How long until the next lease can end.</returns>
    private async Task<TimeSpan> EndLeasesAsync()
    {
        var wait = _options.Lease;
        foreach (var session in _agents.All)
        {
            var left = _options.Lease - session.SilentFor(_time);
            if (left > TimeSpan.Zero)
                wait = left < wait ? left : wait;
            else
                await TryGiveBackAsync(session, _index.OfAgent(session.Name), $"{session.Name} made no contact for {_options.Lease.TotalSeconds:0} s");
        }

        return wait;
    }

    /// <returns>How long until the next cancel has to be final.</returns>
    private async Task<TimeSpan> EndCancelsAsync()
    {
        List<KeyValuePair<AttemptId, long>> canceling;
        lock (_gate)
        {
            canceling = [.. _canceling];
        }

        var wait = TimeSpan.MaxValue;
        foreach (var (attempt, since) in canceling)
        {
            var left = _options.CancelLimit - _time.GetElapsedTime(since);
            if (left > TimeSpan.Zero)
                wait = left < wait ? left : wait;
            else if (_index.Find(attempt.Job) is { State: JobState.Canceling } row)
                await TryGiveBackAsync(_agents.Get(row.Agent!), [row], $"{row.Agent} did not confirm it within {_options.CancelLimit.TotalSeconds:0} s");
        }

        return wait;
    }

    private void Watch(JobRow row)
    {
        lock (_gate)
        {
            if (row.State == JobState.Canceling && _canceling.TryAdd(row.AttemptId, _time.GetTimestamp()))
            {
                _woken.TrySetResult();
                _woken = NewSignal();
            }
            else if (row.State.IsTerminal())
            {
                _canceling.Remove(row.AttemptId);
            }
        }
    }

    private Task WhenWoken()
    {
        lock (_gate)
        {
            return _woken.Task;
        }
    }

    private async Task TryGiveBackAsync(AgentSession session, IReadOnlyList<JobRow> rows, string how)
    {
        try
        {
            await GiveBackAsync(session, rows, how);
        }
        catch (AhoyException e)
        {
            // The database refused: tried again at the next look.
            Log.Failed(_logger, session.Name, e);
        }
    }

    private async Task GiveBackAsync(AgentSession session, IReadOnlyList<JobRow> rows, string how)
    {
        if (rows.Count == 0)
            return;
        var now = _time.GetUtcNow();
        // Before they are in the queue again, where this agent would be the first to meet them.
        session.Fault(how, _time);
        var changed = await _store.ChangeAsync([.. rows.Select(row => (row.Id, Only(row, how, now)))]);
        foreach (var row in changed)
        {
            if (row is null)
                continue;
            Log.Lost(_logger, new AttemptId(row.Id, row.Attempt), how);
            _index.Publish(row);
        }
    }

    private Func<JobRow, JobRow?> Only(JobRow seen, string how, DateTimeOffset now) => row =>
        row.Attempt == seen.Attempt && row.Agent == seen.Agent ? GiveBack(row, how, _options.MaxLostAttempts, now) : null;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Attempt {Attempt} is lost: {How}")]
        public static partial void Lost(ILogger logger, AttemptId attempt, string how);

        [LoggerMessage(2, LogLevel.Error, "The jobs of {Agent} could not be taken back")]
        public static partial void Failed(ILogger logger, string agent, Exception error);
    }
}
