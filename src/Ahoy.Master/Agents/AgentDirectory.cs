using System.Collections.Concurrent;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Units;
using Ahoy.Master.Jobs;
using Ahoy.Master.Storage;

namespace Ahoy.Master.Agents;

/// <summary>All agents that have joined, with what they last said.</summary>
internal sealed class AgentDirectory
{
    private readonly Database _database;
    private readonly JobIndex _index;
    private readonly TimeProvider _time;
    private readonly TimeSpan _lease;
    private readonly ConcurrentDictionary<string, AgentSession> _sessions = new();

    public AgentDirectory(Database database, JobIndex index, MasterOptions options, TimeProvider time)
    {
        _database = database;
        _index = index;
        _time = time;
        _lease = options.Lease;
        foreach (var (name, json) in database.Read(connection => connection.Query("SELECT name, capabilities FROM agents", row => (row.GetString(0), row.Text(1)))))
        {
            Get(name).Expect(Read(json), time);
        }

        _index.Changed += row =>
        {
            if (row.Agent is not null && _sessions.TryGetValue(row.Agent, out var session))
                session.Wake();
        };
    }

    /// <summary>What an agent of an older version said may no longer be readable: it will say it again at its next contact.</summary>
    private static AgentCapabilities? Read(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, AhoyJson.Default.AgentCapabilities);
        }
        catch (JsonException)
        {
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

    /// <summary>What the agent could still take beside its jobs.</summary>
    public (int Cpus, long MemoryBytes) Free(AgentSession session)
    {
        var jobs = _index.OfAgent(session.Name);
        var capabilities = session.Capabilities!;
        return (capabilities.Cpus - jobs.Sum(job => job.Request.Resources.Cpus), capabilities.MemoryBytes - jobs.Sum(job => job.Request.Resources.MemoryBytes));
    }

    /// <summary>Why no agent that has ever joined could run it; null when one could, or when none has joined yet.</summary>
    public string? NeverRuns(JobRequest request)
    {
        var requirement = Requirement.Of(request);
        var obstacles = new List<string>();
        foreach (var session in _sessions.Values.OrderBy(session => session.Name, StringComparer.Ordinal))
        {
            if (session.Capabilities is not { } capabilities)
                continue;
            if (requirement.Obstacle(capabilities) is not { } obstacle)
                return null;
            obstacles.Add($"{session.Name}: {obstacle}");
        }

        return obstacles.Count == 0 ? null : string.Join("; ", obstacles.Take(5)) + (obstacles.Count > 5 ? $"; and {obstacles.Count - 5} more" : "");
    }

    /// <summary>Why a queued job is not running, in a sentence.</summary>
    public string WhyWaiting(JobRow job)
    {
        var requirement = Requirement.Of(job.Request);
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
        var (cpus, memory) = Free(session);
        if (requirement.Cpus > cpus)
            return $"busy, {Math.Max(cpus, 0)} of {session.Capabilities!.Cpus} cpus free";
        if (requirement.MemoryBytes > memory)
            return $"busy, {ByteSize.Format(Math.Max(memory, 0))} of {ByteSize.Format(session.Capabilities!.MemoryBytes)} of memory free";
        return "has room; older jobs come first";
    }

    private AgentView View(AgentSession session)
    {
        var jobs = _index.OfAgent(session.Name);
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
        };
    }
}
