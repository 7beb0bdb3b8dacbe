namespace Ahoy.Contracts.Builds;

/// <summary>One entry of a files layer. Owner is always 0:0 and the times are fixed, so that equal files make equal layers.</summary>
public sealed record BuildFile
{
    /// <summary>Path in the image without the leading slash: "app/analyse.py".</summary>
    public required string Path { get; init; }
    public BuildFileType Type { get; init; }
    /// <summary>Of a file.</summary>
    public Digest? Digest { get; init; }
    /// <summary>Of a file; bytes.</summary>
    public long Size { get; init; }
    public bool Executable { get; init; }
    /// <summary>Of a symbolic link: its target as written.</summary>
    public string? Target { get; init; }
}
