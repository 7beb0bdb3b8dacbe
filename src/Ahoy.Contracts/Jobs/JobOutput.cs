namespace Ahoy.Contracts.Jobs;

/// <summary>A file that the program must leave behind; a job without it has FAILED.</summary>
public sealed record JobOutput
{
    /// <summary>A path relative to the scratch directory, with "/" between names, without "." or "..".</summary>
    public required string Path { get; init; }
}
