namespace Ahoy.Contracts.Agents;

/// <summary>
/// An agent's call to the master (DESIGN: contact). The agent has at most one waiting call and one immediate call under way;
/// both count up the same <see cref="Sequence"/>, so that the master can tell an older picture of the agent from a newer one.
/// </summary>
public sealed record ContactRequest
{
    /// <summary>Counts up with every call of one agent process. What the call says about <see cref="Held"/> only counts when no later call was seen.</summary>
    public required long Sequence { get; init; }
    /// <summary>Chosen anew at each start of the agent process.</summary>
    public required string Session { get; init; }
    /// <summary>Larger for every later start of the agent process, so that a call which was long on its way is not taken for one of a new process. 0: not told.</summary>
    public long Process { get; init; }
    public required AgentCapabilities Capabilities { get; init; }
    /// <summary>True when the agent takes no new work.</summary>
    public bool Draining { get; init; }
    /// <summary>Why it takes none, for people: "The disk of … has 200M free, less than its reserve of 1G."</summary>
    public string? DrainingReason { get; init; }
    /// <summary>Every attempt that the agent is working on, or has a result of that the master has not acknowledged.</summary>
    public IReadOnlyList<HeldAttempt> Held { get; set; } = [];
    /// <summary>News of attempts since the last acknowledged call.</summary>
    public IReadOnlyList<AttemptReport> Reports { get; set; } = [];
    /// <summary>How long the master may hold the call when there is nothing to say; 0: answer at once.</summary>
    public int WaitSeconds { get; init; }
}
