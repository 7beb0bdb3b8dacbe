namespace Ahoy.Contracts.Jobs;

/// <summary>A file that the wrapper puts into the scratch directory before the program starts.</summary>
public sealed record JobInput
{
    /// <summary>Where it goes: a path relative to the scratch directory, with "/" between names, without "." or "..".</summary>
    public required string Path { get; init; }
    public required Digest Digest { get; init; }
    /// <summary>Bytes.</summary>
    public required long Size { get; init; }
    public bool Executable { get; init; }
}
