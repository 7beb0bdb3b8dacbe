using System.Collections.Concurrent;
using System.Threading.Channels;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Agents;

/// <summary>
/// Gives queued jobs, oldest first, to agents that are in contact and have room. Only what can have changed is looked at: a contact,
/// or a job that left an agent, asks for that agent; a new job asks for its kind among the agents that wait here with room.
/// </summary>
internal sealed partial class Matcher : BackgroundService
{
    private readonly AgentDirectory _agents;
    private readonly JobIndex _index;
    private readonly JobStore _store;
    private readonly ILogger<Matcher> _logger;
    private readonly Channel<JobRow> _news = Channel.CreateUnbounded<JobRow>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<AgentSession, bool> _open = new();
    private readonly Lock _opening = new();

    public Matcher(AgentDirectory agents, JobIndex index, JobStore store, ILogger<Matcher> logger)
    {
        _agents = agents;
        _index = index;
        _store = store;
        _logger = logger;
        // New in the queue, or room where it was: both can make a match.
        index.Changed += row =>
        {
            if (row.State == JobState.Queued || (row.State.IsTerminal() && row.Agent is not null))
                _news.Writer.TryWrite(row);
        };
    }

    /// <summary>Gives the agent, which is in contact, what it may take. Returns when that is on disk and published.</summary>
    public async Task OfferAsync(AgentSession session)
    {
        var claims = new List<(JobRow Job, string Agent)>();
        Claim(session, claims);
        await AssignAsync(claims);
    }

    /// <summary>The agent's call has ended.</summary>
    public void Leave(AgentSession session) => KeepOpen(session);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await _news.Reader.WaitToReadAsync(stoppingToken))
        {
            try
            {
                await TakeNewsAsync();
            }
            catch (Contracts.AhoyException e)
            {
                // The database refused (full disk): the jobs stay queued, and the next contact tries again.
                Log.Failed(_logger, e);
            }
        }
    }

    /// <summary>Does what follows from the changes since the last time, in one commit.</summary>
    internal async Task TakeNewsAsync()
    {
        var agents = new HashSet<string>();
        var kinds = new HashSet<Requirement>();
        while (_news.Reader.TryRead(out var row))
        {
            if (row.State != JobState.Queued)
                agents.Add(row.Agent!);
            else if (_index.QueuedAs(row.Id) is { } requirement)
                kinds.Add(requirement);
        }

        var claims = new List<(JobRow Job, string Agent)>();
        foreach (var session in agents.Select(_agents.Get).Where(session => session.IsInContact))
        {
            Claim(session, claims);
        }

        foreach (var kind in kinds)
        {
            Place(kind, claims);
        }

        await AssignAsync(claims);
    }

    /// <summary>Looks for agents that wait here with room for this kind of job, until there is no such job or no such agent.</summary>
    private void Place(Requirement kind, List<(JobRow Job, string Agent)> claims)
    {
        foreach (var (session, _) in _open)
        {
            if (!_index.AnyQueued(kind))
                return;
            if (_agents.TakesJobs(session) && _agents.MayTake(session, kind))
                Claim(session, claims);
        }
    }

    private void Claim(AgentSession session, List<(JobRow Job, string Agent)> claims)
    {
        if (!_agents.TakesJobs(session))
            return;
        // First open, then look: a job that comes between the two finds the agent.
        KeepOpen(session);
        claims.AddRange(_index.Claim(session.Name, session.Capabilities!, kind => _agents.MayTake(session, kind)).Select(job => (job, session.Name)));
        KeepOpen(session);
    }

    private void KeepOpen(AgentSession session)
    {
        // As one step, so that of two that look at the same time the later look counts.
        lock (_opening)
        {
            if (session.IsInContact && session.Capabilities is { } capabilities && _index.Room(session.Name, capabilities).Cpus > 0)
                _open[session] = true;
            else
                _open.TryRemove(session, out _);
        }
    }

    private async Task AssignAsync(List<(JobRow Job, string Agent)> claims)
    {
        if (claims.Count == 0)
            return;
        var rows = Array.Empty<JobRow?>();
        try
        {
            rows = await _store.ChangeAsync([.. claims.Select(claim => (claim.Job.Id, Assign(claim.Agent)))]);
        }
        finally
        {
            for (var i = 0; i < claims.Count; i++)
            {
                if (i < rows.Length && rows[i] is { } row)
                {
                    _index.Publish(row);
                    Log.Assigned(_logger, row.AttemptId, row.Agent!);
                }
                else
                {
                    _index.Release(claims[i].Job.Id);
                }
            }
        }
    }

    private static Func<JobRow, JobRow?> Assign(string agent) => row =>
        row.State == JobState.Queued ? row with { State = JobState.Assigned, Agent = agent, Attempt = row.Attempt + 1 } : null;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Attempt {Attempt} goes to {Agent}")]
        public static partial void Assigned(ILogger logger, AttemptId attempt, string agent);

        [LoggerMessage(2, LogLevel.Error, "Jobs could not be handed out")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
