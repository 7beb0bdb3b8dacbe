namespace Ahoy.Contracts.Builds;

public sealed record BuildView
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required BuildState State { get; init; }
    /// <summary>True when an earlier build with the same inputs answered this one.</summary>
    public bool FromStore { get; init; }
    /// <summary>The manifest, once COMPLETE.</summary>
    public Digest? Image { get; init; }
    /// <summary>Why it failed.</summary>
    public string? Error { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}
