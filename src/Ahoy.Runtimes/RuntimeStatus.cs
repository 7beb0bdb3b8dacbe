namespace Ahoy.Runtimes;

/// <summary>What a runtime can do on this host.</summary>
public sealed record RuntimeStatus
{
    public required bool Usable { get; init; }
    /// <summary>Why it is not usable and what to do, or what was found.</summary>
    public required string Reason { get; init; }
    public string? Version { get; init; }
    /// <summary>True when a cgroup holds containers to their memory; false: the wrapper has to watch.</summary>
    public bool EnforcesMemory { get; init; }
    public bool EnforcesCpu { get; init; }
    public bool EnforcesPids { get; init; }
    /// <summary>Where something is not enforced: why, and what an administrator can do about it.</summary>
    public string? EnforcementReason { get; init; }
    /// <summary>True when files of an image can belong to several users (a range of subordinate ids, or root): needed by package builds.</summary>
    public bool HasIdRange { get; init; }
}
