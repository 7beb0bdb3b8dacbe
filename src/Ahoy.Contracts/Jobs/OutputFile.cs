namespace Ahoy.Contracts.Jobs;

/// <summary>A delivered output, exactly as the attempt that ended the job left it.</summary>
public sealed record OutputFile
{
    public required string Path { get; init; }
    public required Digest Digest { get; init; }
    /// <summary>Bytes.</summary>
    public required long Size { get; init; }
    public bool Executable { get; init; }
}
