using Ahoy.Contracts;
using Ahoy.Images.Oci;

namespace Ahoy.Images.Layers;

/// <summary>Unpacks OCI layers (image specification, layer.md) into directories that overlayfs can stack.</summary>
public static class LayerArchive
{
    /// <summary>
    /// Unpacks one layer into the empty directory <paramref name="directory"/>, checking digest and size of the compressed bytes on the way.
    /// Whiteouts become overlayfs's: a 0/0 character device, and the attribute "user.overlay.opaque" or, as real root, "trusted.overlay.opaque".
    /// </summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.UnsafeArchive"/>, <see cref="ErrorCode.DigestMismatch"/> or <see cref="ErrorCode.DiskFull"/>; what was unpacked so far is the caller's to delete.</exception>
    public static Task ExtractAsync(Stream compressed, Descriptor layer, string directory, CancellationToken cancellationToken) =>
        throw new NotImplementedException();
}
