namespace Ahoy.Contracts.Jobs;

/// <summary>How a job ended when it did not end COMPLETE (DESIGN: job life cycle, 7).</summary>
public sealed record JobEnd
{
    public required EndCause Cause { get; init; }
    /// <summary>The state in which it happened.</summary>
    public required JobState Phase { get; init; }
    public int? ExitCode { get; init; }
    public int? Signal { get; init; }
    /// <summary>What happened, in a sentence or two.</summary>
    public required string Message { get; init; }
    /// <summary>What the user can change.</summary>
    public string? Hint { get; init; }
    /// <summary>The last lines of standard error (or output, when there was no error output).</summary>
    public string? LastOutput { get; init; }
}
