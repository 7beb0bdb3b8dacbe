using Ahoy.Contracts.Jobs;
using Ahoy.Master.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Agents;

/// <summary>
/// Gives queued jobs, oldest first, to agents that are in contact and have room. One pass at a time, woken by what can change
/// the answer; all that a pass decides is one commit.
/// </summary>
internal sealed partial class Matcher : BackgroundService
{
    private readonly AgentDirectory _agents;
    private readonly JobIndex _index;
    private readonly JobStore _store;
    private readonly ILogger<Matcher> _logger;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly SemaphoreSlim _pass = new(1);

    public Matcher(AgentDirectory agents, JobIndex index, JobStore store, ILogger<Matcher> logger)
    {
        _agents = agents;
        _index = index;
        _store = store;
        _logger = logger;
        // New in the queue, or room where it was: both can make a match.
        index.Changed += row =>
        {
            if (row.State == JobState.Queued || row.State.IsTerminal())
                Wake();
        };
    }

    public void Wake()
    {
        // One waiting wake-up is enough: a pass looks at everything.
        if (_wake.CurrentCount == 0)
            _wake.Release();
    }

    /// <summary>One pass: returns when all that it matched is on disk and published.</summary>
    public async Task RunPassAsync(CancellationToken cancellationToken)
    {
        await _pass.WaitAsync(cancellationToken);
        try
        {
            var matches = Match();
            if (matches.Count == 0)
                return;
            var rows = await _store.ChangeAsync([.. matches.Select(match => (match.Job, Assign(match.Agent)))]);
            foreach (var row in rows)
            {
                if (row is null)
                    continue;
                _index.Publish(row);
                Log.Assigned(_logger, row.AttemptId, row.Agent!);
            }
        }
        finally
        {
            _pass.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await _wake.WaitAsync(stoppingToken);
            try
            {
                await RunPassAsync(stoppingToken);
            }
            catch (Contracts.AhoyException e)
            {
                // The database refused (full disk): the jobs stay queued, and the next event tries again.
                Log.PassFailed(_logger, e);
            }
        }
    }

    private List<(JobId Job, string Agent)> Match()
    {
        var matches = new List<(JobId, string)>();
        var taken = new HashSet<JobId>();
        foreach (var session in _agents.All)
        {
            if (!session.IsInContact || session.Draining || session.Capabilities is not { } capabilities)
                continue;
            var (cpus, memory) = _agents.Free(session);
            while (cpus > 0)
            {
                var job = _index.FirstQueued(
                    requirement => requirement.Cpus <= cpus && requirement.MemoryBytes <= memory && requirement.Obstacle(capabilities) is null, taken);
                if (job is null)
                    break;
                taken.Add(job.Id);
                cpus -= job.Request.Resources.Cpus;
                memory -= job.Request.Resources.MemoryBytes;
                matches.Add((job.Id, session.Name));
            }
        }

        return matches;
    }

    private static Func<JobRow, JobRow?> Assign(string agent) => row =>
        row.State == JobState.Queued ? row with { State = JobState.Assigned, Agent = agent, Attempt = row.Attempt + 1 } : null;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Attempt {Attempt} goes to {Agent}")]
        public static partial void Assigned(ILogger logger, AttemptId attempt, string agent);

        [LoggerMessage(2, LogLevel.Error, "Jobs could not be handed out")]
        public static partial void PassFailed(ILogger logger, Exception error);
    }
}
