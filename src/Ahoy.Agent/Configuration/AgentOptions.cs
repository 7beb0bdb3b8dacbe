using Ahoy.Runtimes;

namespace Ahoy.Agent.Configuration;

/// <summary>What agent.toml says, checked and with its defaults filled in. The keys' meanings stand in config/agent.toml.</summary>
internal sealed record AgentOptions
{
    public required string Name { get; init; }
    public required int Cpus { get; init; }
    public required long MemoryBytes { get; init; }
    /// <summary>Null: no limit.</summary>
    public TimeSpan? MaxWallTime { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    /// <summary>Tried in this order.</summary>
    public IReadOnlyList<string> Runtimes { get; init; } = ["crun", "runc"];
    public ContainerNetwork Network { get; init; } = ContainerNetwork.None;
    /// <summary>How long a contact may wait at the master.</summary>
    public TimeSpan ContactWait { get; init; } = TimeSpan.FromSeconds(25);
    /// <summary>Below this much free disk the agent takes no new work. Bytes.</summary>
    public long DiskReserveBytes { get; init; } = 1L << 30;
    /// <summary>Unpacked layers above this sum that no job uses are removed. Bytes.</summary>
    public long LayerCacheBytes { get; init; } = 20L << 30;
    /// <summary>Empty: everybody.</summary>
    public IReadOnlyList<string> AllowedUsers { get; init; } = [];
    /// <summary>Name patterns; empty: every image.</summary>
    public IReadOnlyList<string> AllowedImages { get; init; } = [];
}
