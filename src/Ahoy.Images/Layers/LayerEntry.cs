namespace Ahoy.Images.Layers;

/// <summary>An entry of a layer that has passed every check: its parent exists, is a real directory and came before it.</summary>
internal sealed record LayerEntry
{
    public required LayerEntryType Type { get; init; }
    /// <summary>Without leading "./" or trailing slash; "" is the root. Of a whiteout, the path that it removes.</summary>
    public required string Path { get; init; }
    public uint Mode { get; init; }
    public uint User { get; init; }
    public uint Group { get; init; }
    public long Size { get; init; }
    /// <summary>Seconds since 1970.</summary>
    public long Modified { get; init; }
    /// <summary>Of a symbolic link, as written; of a hard link, the checked path of a file of this layer.</summary>
    public string Target { get; init; } = "";
    /// <summary>True when an earlier entry of this layer is a whiteout of this path: the entry stands instead of it.</summary>
    public bool ReplacesWhiteout { get; init; }
    /// <summary>True for a directory that is there already and only gets new attributes.</summary>
    public bool Exists { get; init; }

    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    public string Parent => Path.LastIndexOf('/') is var slash and > 0 ? Path[..slash] : "";
}
