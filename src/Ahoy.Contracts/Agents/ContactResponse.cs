namespace Ahoy.Contracts.Agents;

public sealed record ContactResponse
{
    /// <summary>Attempts to start. One that the agent holds already is to be ignored: the master repeats what may have been lost.</summary>
    public IReadOnlyList<AttemptOrder> Start { get; set; } = [];
    /// <summary>Attempts to cancel: stop the program, deliver the logs only.</summary>
    public IReadOnlyList<HeldAttempt> Cancel { get; set; } = [];
    /// <summary>Attempts that are no longer this agent's: stop, discard everything, report nothing.</summary>
    public IReadOnlyList<HeldAttempt> Discard { get; set; } = [];
    /// <summary>Attempts whose final report is on the master's disk: the agent may forget them.</summary>
    public IReadOnlyList<HeldAttempt> Settled { get; set; } = [];
    /// <summary>Seconds after which a lease of this agent ends when it makes no contact.</summary>
    public required int LeaseSeconds { get; init; }
}
