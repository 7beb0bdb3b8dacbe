namespace Ahoy.Contracts.Agents;

public sealed record AgentView
{
    public required string Name { get; init; }
    /// <summary>False when its last contact is older than the lease time.</summary>
    public required bool Alive { get; init; }
    public required DateTimeOffset LastContact { get; init; }
    public required AgentCapabilities Capabilities { get; init; }
    public required int UsedCpus { get; init; }
    public required long UsedMemoryBytes { get; init; }
    public required int Jobs { get; init; }
    public bool Draining { get; init; }
    /// <summary>See <see cref="ContactRequest.DrainingReason"/>.</summary>
    public string? DrainingReason { get; init; }
    /// <summary>Until then it is given no jobs, because attempts failed on it one after the other through no fault of theirs.</summary>
    public DateTimeOffset? PausedUntil { get; init; }
    /// <summary>What failed, for people.</summary>
    public string? PauseReason { get; init; }
}
