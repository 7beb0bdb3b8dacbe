using Ahoy.Contracts;

namespace Ahoy.Images.Oci;

/// <summary>OCI image specification, descriptor.md.</summary>
public sealed record Descriptor
{
    public required string MediaType { get; init; }
    public required Digest Digest { get; init; }
    /// <summary>Bytes.</summary>
    public required long Size { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}
