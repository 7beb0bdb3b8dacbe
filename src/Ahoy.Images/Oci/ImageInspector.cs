using Ahoy.Contracts;
using Ahoy.Contracts.Images;
using Ahoy.Images.Layers;
using Ahoy.Images.Store;

namespace Ahoy.Images.Oci;

/// <summary>Checks a whole image before it gets a name: every digest, size, DiffID and archive entry.</summary>
public static class ImageInspector
{
    /// <summary>Bytes of file contents kept per image. Large enough for the package lists of full desktop installations (about 10 MB).</summary>
    private const int MaxContent = 32 << 20;

    /// <summary>Package lists of small images made of parts (distroless) come one file a package.</summary>
    private const string StatusDirectory = "var/lib/dpkg/status.d/";

    /// <summary>Reads all of an image's blobs. Takes as long as decompressing and hashing them does.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.MissingBlob"/>, <see cref="ErrorCode.DigestMismatch"/>, <see cref="ErrorCode.InvalidImage"/>, <see cref="ErrorCode.UnsafeArchive"/>.</exception>
    public static Task<InspectedImage> InspectAsync(Digest manifest, IBlobSource source, CancellationToken cancellationToken) =>
        InspectAsync(manifest, source, LayerTree.MaxEntries, cancellationToken);

    internal static async Task<InspectedImage> InspectAsync(Digest manifest, IBlobSource source, int maxEntries, CancellationToken cancellationToken)
    {
        var image = await ImageReader.ReadAsync(manifest, source, cancellationToken);
        var root = new LayerNode { Type = LayerEntryType.Directory };
        var budget = new Budget { Content = MaxContent, Entries = maxEntries };
        for (var i = 0; i < image.Manifest.Layers.Count; i++)
        {
            var layer = await ReadLayerAsync(image.Manifest.Layers[i], image.Config.Rootfs.DiffIds[i], source, budget, cancellationToken);
            root.Merge(layer);
        }

        return new InspectedImage(image, RootContents.Describe(root));
    }

    private static async Task<LayerNode> ReadLayerAsync(Descriptor layer, Digest diffId, IBlobSource source, Budget budget, CancellationToken cancellationToken)
    {
        await using var blob = await source.OpenAsync(layer.Digest, cancellationToken);
        await using var reader = new LayerReader(blob, layer, budget.Entries);
        while (await reader.NextAsync(cancellationToken) is { } entry)
        {
            if (entry.Type == LayerEntryType.File && IsOfInterest(entry.Path))
                reader.Root.Find(entry.Path)!.Content = await ReadContentAsync(reader, entry, budget, cancellationToken);
        }

        // Layers are many and small in a hostile image: what counts is what is held in memory of all of them.
        budget.Entries -= reader.Entries;
        return reader.DiffId() == diffId
            ? reader.Root
            : throw new AhoyException(ErrorCode.InvalidImage, $"Layer {layer.Digest} unpacks to {reader.DiffId()}, but the image's config says {diffId}.");
    }

    private static bool IsOfInterest(string path) =>
        path is RootContents.OsRelease or RootContents.VendorOsRelease or RootContents.PackageStatus
        || path.StartsWith(StatusDirectory, StringComparison.Ordinal);

    private static async Task<byte[]> ReadContentAsync(LayerReader reader, LayerEntry entry, Budget budget, CancellationToken cancellationToken)
    {
        budget.Content -= entry.Size;
        if (budget.Content < 0)
            throw new AhoyException(ErrorCode.InvalidImage, $"/{entry.Path} in the image has {entry.Size} bytes: together with the image's other package lists more than {MaxContent >> 20} MiB.");
        var content = new byte[entry.Size];
        var length = 0;
        for (int read; (read = await reader.ReadAsync(content.AsMemory(length), cancellationToken)) > 0;)
            length += read;
        return content;
    }

    /// <summary>What is left for the layers that follow.</summary>
    private sealed class Budget
    {
        public long Content { get; set; }
        public int Entries { get; set; }
    }
}
