using Ahoy.Contracts;

namespace Ahoy.Images.Oci;

/// <summary>An image's documents as bytes, to be stored as blobs.</summary>
public sealed record ComposedImage(byte[] Manifest, byte[] Config)
{
    /// <summary>The image's digest.</summary>
    public Digest Digest => Digest.Of(Manifest);
}
