namespace Ahoy.Contracts.Jobs;

/// <summary>Many jobs in one call: all are accepted, in one flush of the disk, or none is.</summary>
public sealed record JobBatch
{
    /// <summary>The most that one call takes; who has more calls again.</summary>
    public const int MaxJobs = 10_000;

    public required IReadOnlyList<JobRequest> Jobs { get; init; }
}
