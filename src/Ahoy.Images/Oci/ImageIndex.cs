using Ahoy.Contracts;

namespace Ahoy.Images.Oci;

/// <summary>OCI image specification, image-index.md: manifests for several platforms, or the list of images in a layout.</summary>
public sealed record ImageIndex
{
    public int SchemaVersion { get; init; } = 2;
    public string? MediaType { get; init; }
    public required IReadOnlyList<Entry> Manifests { get; init; }

    /// <summary>A descriptor with the platform that its image is for.</summary>
    public sealed record Entry
    {
        public required string MediaType { get; init; }
        public required Digest Digest { get; init; }
        /// <summary>Bytes.</summary>
        public required long Size { get; init; }
        public Platform? Platform { get; init; }
        public IReadOnlyDictionary<string, string>? Annotations { get; init; }
    }

    public sealed record Platform
    {
        public required string Architecture { get; init; }
        public required string Os { get; init; }
    }
}
