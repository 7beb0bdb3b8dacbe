namespace Ahoy.Images.Capture.Packages;

/// <summary>An installed Debian package, from /var/lib/dpkg/status (deb-control(5)).</summary>
public sealed record DpkgPackage
{
    public required string Name { get; init; }
    public required string Version { get; init; }
    public required string Architecture { get; init; }
    public bool Essential { get; init; }
    /// <summary>"required", "important", "standard", "optional" …; empty when not given.</summary>
    public string Priority { get; init; } = "";
    /// <summary>Names of Pre-Depends and Depends: a list of alternatives for each.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Dependencies { get; init; } = [];
    /// <summary>Names of virtual packages that it stands for.</summary>
    public IReadOnlyList<string> Provides { get; init; } = [];
}
