using Ahoy.Contracts;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;

namespace Ahoy.Images.Bases;

/// <summary>Gives the image of a "docker save" archive an OCI manifest; config and layers stay byte by byte what they are.</summary>
internal static class DockerArchive
{
    /// <returns>The digest of the manifest, which is stored beside the image's other blobs.</returns>
    public static async Task<Digest> ConvertAsync(Digest list, ArchiveMembers members, BlobStore store, CancellationToken cancellationToken)
    {
        var images = ImageReader.Parse(await ReadAsync(store, list, cancellationToken), OciJson.Default.DockerArchiveManifestArray, list, "manifest.json of docker save");
        if (images is not [var image])
            throw new AhoyException(ErrorCode.InvalidImage, $"The archive holds {images.Length} images; exactly one is needed. Save just the one that you want.");
        var layers = new List<Descriptor>();
        foreach (var name in image.Layers)
        {
            var digest = members.Get(name);
            var mediaType = await IsGzipAsync(store.FileOf(digest), cancellationToken) ? MediaTypes.LayerGzip : MediaTypes.Layer;
            layers.Add(new Descriptor { MediaType = mediaType, Digest = digest, Size = store.Size(digest)!.Value });
        }

        var config = await ReadAsync(store, members.Get(image.Config), cancellationToken);
        return await store.AddAsync(ImageComposer.Wrap(layers, config).Manifest, cancellationToken);
    }

    private static async Task<byte[]> ReadAsync(BlobStore store, Digest digest, CancellationToken cancellationToken) =>
        store.Size(digest) <= ImageReader.MaxDocumentSize
            ? await File.ReadAllBytesAsync(store.FileOf(digest), cancellationToken)
            : throw new AhoyException(ErrorCode.InvalidImage, $"A description in the archive is larger than {ImageReader.MaxDocumentSize >> 20} MiB.");

    private static async Task<bool> IsGzipAsync(string file, CancellationToken cancellationToken)
    {
        await using var content = File.OpenRead(file);
        var magic = new byte[2];
        return await content.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancellationToken) == 2 && magic is [0x1f, 0x8b];
    }
}
