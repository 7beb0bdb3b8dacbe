using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Images.Oci;

namespace Ahoy.Images.Store;

/// <summary>An image in a directory of its own (OCI image specification, image-layout.md), ready to be uploaded.</summary>
/// <param name="Directory">Holds oci-layout, index.json and blobs/.</param>
/// <param name="Manifest">The image's digest.</param>
/// <param name="Blobs">Everything that belongs to the image: layers first, then config, then manifest; none twice.</param>
public sealed record OciLayout(string Directory, Digest Manifest, IReadOnlyList<OciLayout.Blob> Blobs)
{
    /// <param name="Digest">What its bytes must have.</param>
    /// <param name="Size">Bytes.</param>
    /// <param name="File">Full path.</param>
    public sealed record Blob(Digest Digest, long Size, string File);

    private const string IndexFile = "index.json";
    private const string VersionFile = "oci-layout";

    /// <summary>Writes the two files that make a blob store an image layout, for an image whose blobs are in it.</summary>
    public static async Task<OciLayout> CreateAsync(BlobStore store, Digest manifest, CancellationToken cancellationToken)
    {
        var image = await ImageReader.ReadAsync(manifest, store, cancellationToken);
        var index = new ImageIndex
        {
            MediaType = MediaTypes.Index,
            Manifests = [new ImageIndex.Entry { MediaType = MediaTypes.Manifest, Digest = image.Digest, Size = Size(store, image.Digest) }],
        };
        await File.WriteAllBytesAsync(Path.Combine(store.Root, IndexFile), JsonSerializer.SerializeToUtf8Bytes(index, OciJson.Default.ImageIndex), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(store.Root, VersionFile), "{\"imageLayoutVersion\":\"1.0.0\"}", cancellationToken);
        return Describe(store, image);
    }

    /// <summary>The image of a layout; of several, the one for linux/amd64.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidImage"/> for a directory that is no layout or holds several images; <see cref="ErrorCode.MissingBlob"/>.</exception>
    public static async Task<OciLayout> OpenAsync(string directory, CancellationToken cancellationToken)
    {
        var index = Path.Combine(directory, IndexFile);
        if (!File.Exists(index) || !File.Exists(Path.Combine(directory, VersionFile)))
            throw new AhoyException(ErrorCode.InvalidImage, $"{directory} is no OCI image layout: it lacks {VersionFile} or {IndexFile}.");
        var bytes = await File.ReadAllBytesAsync(index, cancellationToken);
        var manifests = ImageReader.Parse(bytes, OciJson.Default.ImageIndex, Digest.Of(bytes), "image index").Manifests;
        if (manifests.Count != 1)
            throw new AhoyException(ErrorCode.InvalidImage, $"{directory} holds {manifests.Count} images; exactly one is needed. Copy the one that you want into a layout of its own, for instance with skopeo.");
        var store = new BlobStore(directory);
        return Describe(store, await ImageReader.ReadAsync(manifests[0].Digest, store, cancellationToken));
    }

    private static OciLayout Describe(BlobStore store, Image image)
    {
        var digests = image.Manifest.Layers.Append(image.Manifest.Config).Select(part => part.Digest).Append(image.Digest);
        return new OciLayout(store.Root, image.Digest, [.. digests.Distinct().Select(digest => new Blob(digest, Size(store, digest), store.FileOf(digest)))]);
    }

    private static long Size(BlobStore store, Digest digest) =>
        store.Size(digest) ?? throw new AhoyException(ErrorCode.MissingBlob, $"The image in {store.Root} is not complete: it lacks {digest}.");
}
