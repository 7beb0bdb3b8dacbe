namespace Ahoy.Contracts.Jobs;

/// <summary>What one attempt may use. Matching counts it against the agent; runtime and wrapper hold the program to it.</summary>
public sealed record JobResources
{
    public const long DefaultMemoryBytes = 1L << 30;

    public int Cpus { get; set; } = 1;
    public long MemoryBytes { get; set; } = DefaultMemoryBytes;
    /// <summary>Seconds that the program may run; null: as long as the site lets it.</summary>
    public long? WallTimeSeconds { get; init; }
}
