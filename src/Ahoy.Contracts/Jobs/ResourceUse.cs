namespace Ahoy.Contracts.Jobs;

/// <summary>What an attempt's program has used.</summary>
public sealed record ResourceUse
{
    public double WallSeconds { get; init; }
    /// <summary>User and system time of the program and all its descendants.</summary>
    public double CpuSeconds { get; init; }
    public long PeakMemoryBytes { get; init; }
}
