namespace Ahoy.Contracts.Jobs;

/// <summary>Jobs, newest first.</summary>
public sealed record JobList
{
    public required IReadOnlyList<JobView> Jobs { get; init; }
}
