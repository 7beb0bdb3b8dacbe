using Ahoy.Contracts.Builds;

namespace Ahoy.Images.Capture;

/// <summary>A file of this computer and its place in the image: a <see cref="BuildFile"/> before its content has been read.</summary>
public sealed record CapturedFile
{
    /// <summary>Where the content is now; null for directories and symbolic links.</summary>
    public string? HostPath { get; init; }
    /// <summary>In the image, without the leading slash.</summary>
    public required string Path { get; init; }
    public BuildFileType Type { get; init; }
    /// <summary>Bytes, of a file.</summary>
    public long Size { get; init; }
    public bool Executable { get; init; }
    /// <summary>Of a symbolic link: its target as written.</summary>
    public string? Target { get; init; }
}
