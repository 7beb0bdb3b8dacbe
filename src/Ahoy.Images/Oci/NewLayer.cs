using Ahoy.Contracts;

namespace Ahoy.Images.Oci;

/// <summary>A layer to put on an image: an uncompressed tar.</summary>
public sealed record NewLayer
{
    /// <summary>Digest of the tar: of its bytes as stored and, as it is not compressed, its DiffID.</summary>
    public required Digest Digest { get; init; }
    /// <summary>Bytes.</summary>
    public required long Size { get; init; }
    /// <summary>"base", "packages", "dependencies" or "files": see <see cref="ImageComposer.RoleAnnotation"/>.</summary>
    public required string Role { get; init; }
    /// <summary>For the image's history: what made the layer.</summary>
    public required string CreatedBy { get; init; }
}
