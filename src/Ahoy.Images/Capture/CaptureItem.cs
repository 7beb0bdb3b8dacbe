namespace Ahoy.Images.Capture;

/// <summary>One thing that is needed.</summary>
public sealed record CaptureItem
{
    /// <summary>What it is called where it is asked for: "libgsl.so.27", "numpy", "/usr/bin/python3".</summary>
    public required string Name { get; init; }
    public required CaptureKind Kind { get; init; }
    /// <summary>Where it was found; null when nowhere.</summary>
    public string? Path { get; init; }
    /// <summary>Who needs it, a clause each: "analyse.py imports numpy".</summary>
    public required IReadOnlyList<string> Why { get; init; }
    /// <summary>Path of the file that asked first; null for what the user named. Following it gives the whole chain.</summary>
    public string? RequiredBy { get; init; }
    public required CaptureSupply Supply { get; init; }
    /// <summary>Name of the Debian package that it belongs to.</summary>
    public string? Package { get; init; }
    /// <summary>Where it will lie: absolute in the image, or relative to the job's scratch directory when <see cref="Supply"/> is <see cref="CaptureSupply.Input"/>.</summary>
    public string? Target { get; init; }
    /// <summary>Of what is not met: what to do.</summary>
    public string? Hint { get; init; }
}
