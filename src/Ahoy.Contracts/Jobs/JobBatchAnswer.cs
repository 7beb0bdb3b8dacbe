namespace Ahoy.Contracts.Jobs;

/// <summary>The ids of a <see cref="JobBatch"/>'s jobs, in its order.</summary>
public sealed record JobBatchAnswer
{
    public required IReadOnlyList<JobId> Ids { get; init; }
}
