namespace Ahoy.Contracts.Images;

/// <summary>An image in the master's repository.</summary>
public sealed record ImageView
{
    public required string Name { get; init; }
    public required ImageKind Kind { get; init; }
    public required string Owner { get; init; }
    /// <summary>True of a base that only its owner sees: it was made by an ordinary user.</summary>
    public bool Private { get; init; }
    /// <summary>Digest of the manifest's bytes.</summary>
    public required Digest Digest { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>Name of the image that it was built on.</summary>
    public string? Base { get; init; }
    /// <summary>PRETTY_NAME of the image's os-release.</summary>
    public string? OsName { get; init; }
    public required IReadOnlyList<LayerView> Layers { get; init; }
    /// <summary>Bytes of all layers as stored.</summary>
    public required long Size { get; init; }
    public IReadOnlyList<string> Entrypoint { get; set; } = [];
}
