namespace Ahoy.Contracts.Agents;

/// <summary>What an agent's host and its site's policy allow one or several jobs together.</summary>
public sealed record AgentCapabilities
{
    public required int Cpus { get; init; }
    public required long MemoryBytes { get; init; }
    /// <summary>The longest wall time of a job; null: no limit.</summary>
    public long? MaxWallTimeSeconds { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();
    /// <summary>Users whose jobs the site runs; empty: everybody's.</summary>
    public IReadOnlyList<string> AllowedUsers { get; set; } = [];
    /// <summary>Patterns of the names of images that the site runs (<see cref="NamePattern"/>); empty: all.</summary>
    public IReadOnlyList<string> AllowedImages { get; set; } = [];
    /// <summary>The runtime in use: "crun", "runc".</summary>
    public required string Runtime { get; init; }
    /// <summary>How the runtime holds jobs to their memory: "enforced" or "watched", and why.</summary>
    public required string Enforcement { get; init; }
    public required string Version { get; init; }
}
