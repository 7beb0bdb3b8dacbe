namespace Ahoy.Images.Oci;

/// <summary>OCI image specification, manifest.md. Read-only view: the digest belongs to the raw bytes, which are kept as they came.</summary>
public sealed record ImageManifest
{
    public int SchemaVersion { get; init; } = 2;
    public string? MediaType { get; init; }
    public required Descriptor Config { get; init; }
    public required IReadOnlyList<Descriptor> Layers { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}
