namespace Ahoy.Images.Layers;

/// <summary>One entry's header as it stands in a tar archive, nothing of it checked.</summary>
internal sealed record TarEntry
{
    public required string Name { get; init; }
    /// <summary>The type flag, POSIX.1-2017 pax "ustar interchange format".</summary>
    public required char Type { get; init; }
    public uint Mode { get; init; }
    public uint User { get; init; }
    public uint Group { get; init; }
    /// <summary>Bytes of content that follow.</summary>
    public long Size { get; init; }
    /// <summary>Seconds since 1970.</summary>
    public long Modified { get; init; }
    public string LinkName { get; init; } = "";
}
