using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Agents;

/// <summary>News of one attempt. Reports of one attempt are sent in order, one call at a time.</summary>
public sealed record AttemptReport
{
    public required JobId Job { get; init; }
    public required int Attempt { get; init; }
    /// <summary>PREPARING, RUNNING, DELIVERING or, with <see cref="Result"/>, a terminal state.</summary>
    public required JobState State { get; init; }
    /// <summary>While PREPARING, when parts of the image travel.</summary>
    public PullProgress? Pull { get; init; }
    public IReadOnlyList<LogChunk> Logs { get; set; } = [];
    /// <summary>Only with a terminal state.</summary>
    public AttemptResult? Result { get; init; }
}
