namespace Ahoy.Contracts.Jobs;

/// <summary>A job as its user sees it.</summary>
public sealed record JobView
{
    public required JobId Id { get; init; }
    /// <summary>Counts every change of this job; a waiting GET names the last one it has seen.</summary>
    public required long Version { get; init; }
    public required string Owner { get; init; }
    public required JobState State { get; init; }
    public required JobRequest Request { get; init; }
    /// <summary>The manifest that the image's name stood for at submission.</summary>
    public required Digest ImageDigest { get; init; }
    /// <summary>The current or last attempt; 0 before the first.</summary>
    public required int Attempt { get; init; }
    /// <summary>Name of the agent that has or had the attempt.</summary>
    public string? Agent { get; init; }
    public required DateTimeOffset SubmittedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    /// <summary>While QUEUED: why it is not running.</summary>
    public string? Waiting { get; init; }
    /// <summary>While PREPARING, when the agent lacks some of the image. Known to the master's memory only.</summary>
    public PullProgress? Pull { get; init; }
    public ResourceUse? Use { get; init; }
    public int? ExitCode { get; init; }
    public JobEnd? End { get; init; }
    /// <summary>When the master's retention removed outputs and logs; null while they are there.</summary>
    public DateTimeOffset? ResultsRemovedAt { get; init; }
    /// <summary>Empty until the job is COMPLETE; after FAILED those outputs that the program did leave.</summary>
    public IReadOnlyList<OutputFile> Outputs { get; set; } = [];
}
