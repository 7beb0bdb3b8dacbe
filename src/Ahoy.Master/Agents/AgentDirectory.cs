using System.Collections.Concurrent;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Units;
using Ahoy.Master.Jobs;
using Ahoy.Master.Storage;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Agents;

/// <summary>All agents that have joined, with what they last said.</summary>
internal sealed partial class AgentDirectory
{
    /// <summary>How long a job waits for another agent than the one that lost it.</summary>
    private static readonly TimeSpan OthersFirst = TimeSpan.FromMinutes(10);

    private readonly ILogger _logger;
    private readonly Database _database;
    private readonly JobIndex _index;
    private readonly TimeProvider _time;
    private readonly TimeSpan _lease;
    private readonly ConcurrentDictionary<string, AgentSession> _sessions = new();

    public AgentDirectory(Database database, JobIndex index, MasterOptions options, TimeProvider time, ILogger<AgentDirectory> logger)
    {
        _logger = logger;
        _database = database;
        _index = index;
        _time = time;
        _lease = options.Lease;
        foreach (var (name, json, process) in database.Read(connection => connection.Query("SELECT name, capabilities, process FROM agents", row => (row.GetString(0), row.Text(1), row.Text(2)))))
        {
            Get(name).Expect(Read(name, json), process, time);
        }

        _index.Changed += row =>
        {
            if (row.Agent is not null && _sessions.TryGetValue(row.Agent, out var session))
                session.Wake();
        };
    }

    /// <summary>What an agent of an older version said may no longer be readable: it will say it again at its next contact.</summary>
    private AgentCapabilities? Read(string name, string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, AhoyJson.Default.AgentCapabilities);
        }
        catch (JsonException e)
        {
            Log.CapabilitiesUnreadable(_logger, name, e);
            return null;
        }
    }

    public IEnumerable<AgentSession> All => _sessions.Values;

    public AgentSession Get(string name) => _sessions.GetOrAdd(name, static key => new AgentSession(key));

    public bool IsAlive(AgentSession session) => session.HasSpoken && session.SilentFor(_time) < _lease;

    /// <summary>Takes in a call; what the agent can do is kept for the time after a restart.</summary>
    public async Task<AgentSession> HearAsync(string name, ContactRequest request)
    {
        var session = Get(name);
        if (session.Hear(request, _time))
        {
            var json = JsonSerializer.Serialize(request.Capabilities, AhoyJson.Default.AgentCapabilities);
            await _database.WriteAsync(connection => connection.Execute("UPDATE agents SET capabilities = $json WHERE name = $name", ("$json", json), ("$name", name)));
        }

        return session;
    }

    /// <summary>
    /// Notes which process of the agent it is that gets orders from now on. Only after what an earlier one was given was taken back: should this
    /// master be killed before that, the next one must still see that the process is another.
    /// </summary>
    public async Task KeepProcessAsync(AgentSession session)
    {
        if (session.Process is not { } process || process == session.StoredProcess)
            return;
        await _database.WriteAsync(connection => connection.Execute("UPDATE agents SET process = $process WHERE name = $name", ("$process", process), ("$name", session.Name)));
        session.StoredProcess = process;
    }

    /// <summary>True when the agent is to be given jobs at all.</summary>
    public bool TakesJobs(AgentSession session) =>
        session.Capabilities is not null && !session.Draining && session.PauseLeft(_time).Left == TimeSpan.Zero;

    /// <summary>True when the agent may be given such a job once it has room. The one that has just lost it only when there is no other.</summary>
    public bool MayTake(AgentSession session, Requirement requirement) =>
        requirement.Obstacle(session.Capabilities!) is null && !IsForOthersFirst(session, requirement);

    /// <summary>True when another agent that is there could take it, now or once it has room.</summary>
    public bool OthersCould(string agent, Requirement requirement) =>
        _sessions.Values.Any(other => other.Name != agent && IsAlive(other) && TakesJobs(other) && requirement.Obstacle(other.Capabilities!) is null);

    private bool IsForOthersFirst(AgentSession session, Requirement requirement) =>
        requirement.LostBy == session.Name && session.LostWithin(OthersFirst, _time) && OthersCould(session.Name, requirement);

    /// <summary>Why no agent that has ever joined could run it; null when one could, or when none has joined yet.</summary>
    public string? NeverRuns(string owner, JobRequest request)
    {
        var requirement = Requirement.Of(owner, request, lostBy: null);
        if (_sessions.Values.Any(session => session.Capabilities is { } capabilities && requirement.Obstacle(capabilities) is null))
            return null;
        var obstacles = new List<string>();
        foreach (var session in _sessions.Values.OrderBy(session => session.Name, StringComparer.Ordinal))
        {
            if (session.Capabilities is { } capabilities && requirement.Obstacle(capabilities) is { } obstacle)
                obstacles.Add($"{session.Name}: {obstacle}");
        }

        return obstacles.Count == 0 ? null : string.Join("; ", obstacles.Take(5)) + (obstacles.Count > 5 ? $"; and {obstacles.Count - 5} more" : "");
    }

    /// <summary>Why a queued job is not running, in a sentence.</summary>
    public string WhyWaiting(JobRow job) => WhyWaiting(Requirement.Of(job));

    /// <summary>The same for all queued jobs of a kind.</summary>
    public string WhyWaiting(Requirement requirement)
    {
        var reasons = new List<string>();
        foreach (var session in _sessions.Values.OrderBy(session => session.Name, StringComparer.Ordinal))
        {
            if (session.Capabilities is null || !IsAlive(session))
                continue;
            reasons.Add($"{session.Name}: {Reason(session, requirement)}");
        }

        if (reasons.Count == 0)
            return _sessions.IsEmpty ? "No agent has joined this master yet." : "No agent is in contact with this master now.";
        return string.Join("; ", reasons.Take(5)) + (reasons.Count > 5 ? $"; and {reasons.Count - 5} more agents." : ".");
    }

    public IReadOnlyList<AgentView> List() => [.. _sessions.Values
        .Where(session => session.Capabilities is not null)
        .OrderBy(session => session.Name, StringComparer.Ordinal)
        .Select(View)];

    private string Reason(AgentSession session, Requirement requirement)
    {
        if (requirement.Obstacle(session.Capabilities!) is { } obstacle)
            return obstacle;
        if (session.Draining)
            return session.DrainingReason is { } reason ? $"takes no new jobs: {reason}" : "takes no new jobs";
        var (pause, why) = session.PauseLeft(_time);
        if (pause > TimeSpan.Zero)
            return $"is given no jobs for {Durations.Format(pause)}: {why}";
        if (IsForOthersFirst(session, requirement))
            return "has just lost or refused it; another agent is to try first";
        var (cpus, memory) = _index.Room(session.Name, session.Capabilities!);
        if (requirement.Cpus > cpus)
            return $"busy, {Math.Max(cpus, 0)} of {session.Capabilities!.Cpus} cpus free";
        if (requirement.MemoryBytes > memory)
            return $"busy, {ByteSize.Format(Math.Max(memory, 0))} of {ByteSize.Format(session.Capabilities!.MemoryBytes)} of memory free";
        return "has room; older jobs come first";
    }

    private AgentView View(AgentSession session)
    {
        var jobs = _index.OfAgent(session.Name);
        var pause = session.PauseLeft(_time);
        return new AgentView
        {
            Name = session.Name,
            Alive = IsAlive(session),
            LastContact = session.LastContact,
            Capabilities = session.Capabilities!,
            UsedCpus = jobs.Sum(job => job.Request.Resources.Cpus),
            UsedMemoryBytes = jobs.Sum(job => job.Request.Resources.MemoryBytes),
            Jobs = jobs.Count,
            Draining = session.Draining,
            DrainingReason = session.DrainingReason,
            PausedUntil = pause.Left > TimeSpan.Zero ? _time.GetUtcNow() + pause.Left : null,
            PauseReason = pause.Left > TimeSpan.Zero ? pause.Reason : null,
        };
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "What is stored of agent {Agent} can't be read; it is unknown what it can do until its next contact")]
        public static partial void CapabilitiesUnreadable(ILogger logger, string agent, Exception error);
    }
}
