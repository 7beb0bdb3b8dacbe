namespace Ahoy.Images.Capture;

/// <summary>A file that travels with the job.</summary>
public sealed record CapturedInput
{
    public required string HostPath { get; init; }
    /// <summary>Relative to the working directory here and to the scratch directory there.</summary>
    public required string Path { get; init; }
    /// <summary>Bytes.</summary>
    public long Size { get; init; }
    public bool Executable { get; init; }
}
