namespace Ahoy.Images.Capture;

/// <summary>A Debian package to install.</summary>
public sealed record CapturedPackage
{
    public required string Name { get; init; }
    /// <summary>As installed on this computer.</summary>
    public required string Version { get; init; }
    /// <summary>A clause each.</summary>
    public required IReadOnlyList<string> Why { get; init; }
    /// <summary>Further needed packages that come with it as its dependencies.</summary>
    public IReadOnlyList<string> Brings { get; init; } = [];
}
