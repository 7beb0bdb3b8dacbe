using Ahoy.Contracts;
using Ahoy.Images.Oci;

namespace Ahoy.Images.Layers;

/// <summary>Unpacks OCI layers (image specification, layer.md) into directories that overlayfs can stack.</summary>
public static class LayerArchive
{
    /// <summary>
    /// Unpacks one layer into the empty directory <paramref name="directory"/>, checking digest and size of the compressed bytes on the way.
    /// Whiteouts become overlayfs's: a 0/0 character device, and the attribute "user.overlay.opaque" or, as real root, "trusted.overlay.opaque".
    /// Owners are kept by root with more than one id (real, or of a user namespace); otherwise everything belongs to this process, without set-id bits.
    /// </summary>
    /// <returns>The digest of the uncompressed layer (its DiffID).</returns>
    /// <exception cref="AhoyException"><see cref="ErrorCode.UnsafeArchive"/>, <see cref="ErrorCode.InvalidImage"/>, <see cref="ErrorCode.DigestMismatch"/> or <see cref="ErrorCode.DiskFull"/>; what was unpacked so far is the caller's to delete.</exception>
    public static async Task<Digest> ExtractAsync(Stream compressed, Descriptor layer, string directory, CancellationToken cancellationToken)
    {
        await using var reader = new LayerReader(compressed, layer);
        using var extraction = new LayerExtraction(directory, FileOwners.OfThisProcess());
        while (await reader.NextAsync(cancellationToken) is { } entry)
            await extraction.AddAsync(entry, reader, cancellationToken);
        extraction.Finish();
        // Who finds the directory takes it for whole: after a power cut there must be no empty files in it.
        using (var root = Posix.OpenDirectory(directory))
        {
            if (Posix.SyncFileSystem(root) < 0)
                throw Posix.LastError("flush", directory, directory);
        }

        return reader.DiffId();
    }

    /// <summary>Reads a layer as <see cref="ExtractAsync"/> does, by the same rules, and writes nothing.</summary>
    /// <returns>The digest of the uncompressed layer (its DiffID).</returns>
    /// <exception cref="AhoyException">As <see cref="ExtractAsync"/>.</exception>
    public static async Task<Digest> CheckAsync(Stream compressed, Descriptor layer, CancellationToken cancellationToken)
    {
        await using var reader = new LayerReader(compressed, layer);
        while (await reader.NextAsync(cancellationToken) is not null)
        {
        }

        return reader.DiffId();
    }
}
