using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;

namespace Ahoy.Runtimes.Oci;

/// <summary>Manifests and configurations of prepared images: STATE/images/HEX.manifest and HEX.config, as the raw bytes came.</summary>
internal sealed class ImageCache(string stateDirectory, LayerCache layers)
{
    // As registries limit manifests (OCI distribution specification, "Pushing Manifests": at least 4 MiB).
    private const int MostBytes = 4 * 1024 * 1024;
    private readonly string _directory = Path.Combine(stateDirectory, "images");

    public async Task<PreparedImage> PrepareAsync(Digest digest, IBlobSource source, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_directory);
        var manifest = Manifest(digest, await FetchAsync(digest, digest, "manifest", source, cancellationToken));
        var config = Config(digest, await FetchAsync(manifest.Config.Digest, digest, "config", source, cancellationToken));
        if (manifest.Layers.Count == 0 || manifest.Layers.Count != config.Rootfs.DiffIds.Count)
            throw new AhoyException(ErrorCode.InvalidImage, $"Image {digest} lists {manifest.Layers.Count} layers in its manifest and {config.Rootfs.DiffIds.Count} in its configuration; both must list the same, and at least one.");
        source.Expect(manifest.Layers.Where(layer => !Directory.Exists(layers.PathOf(LayerCache.NameOf(layer.Digest)))).Sum(layer => layer.Size));
        foreach (var (layer, diffId) in manifest.Layers.Zip(config.Rootfs.DiffIds))
            await layers.EnsureAsync(layer, diffId, source, cancellationToken);
        return new PreparedImage(digest, config);
    }

    /// <summary>The layers (lowest first) and the configuration of an image that was prepared.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.RuntimeFailed"/> when it was not, or was evicted since.</exception>
    public (IReadOnlyList<string> Layers, ImageConfig Config) Open(Digest digest)
    {
        try
        {
            var manifest = Manifest(digest, File.ReadAllBytes(PathOf(digest, "manifest")));
            var names = manifest.Layers.Select(layer => LayerCache.NameOf(layer.Digest)).ToList();
            if (names.Find(name => !Directory.Exists(layers.PathOf(name))) is { } missing)
                throw new AhoyException(ErrorCode.RuntimeFailed, $"Layer sha256:{missing} of image {digest} is not on this host (any more). Prepare the image again.", transient: true);
            return (names, Config(digest, File.ReadAllBytes(PathOf(digest, "config"))));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new AhoyException(ErrorCode.RuntimeFailed, $"Image {digest} was not prepared on this host.", e, transient: true);
        }
    }

    private async Task<byte[]> FetchAsync(Digest digest, Digest image, string kind, IBlobSource source, CancellationToken cancellationToken)
    {
        var path = PathOf(image, kind);
        if (File.Exists(path))
        {
            var kept = await File.ReadAllBytesAsync(path, cancellationToken);
            if (Digest.Of(kept) == digest)
                return kept;
        }

        byte[] bytes;
        await using (var blob = await source.OpenAsync(digest, cancellationToken))
        {
            bytes = await ReadAsync(blob, digest, kind, cancellationToken);
        }

        if (Digest.Of(bytes) != digest)
            throw new AhoyException(ErrorCode.DigestMismatch, $"The {kind} of image {image} should have digest {digest} but its bytes have {Digest.Of(bytes)}: it was damaged on the way or tampered with.");
        var temporary = $"{path}.{Guid.NewGuid():N}";
        try
        {
            await File.WriteAllBytesAsync(temporary, bytes, cancellationToken);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            // A full disk, say: what did not fit must not stay there.
            File.Delete(temporary);
            throw;
        }

        return bytes;
    }

    private static async Task<byte[]> ReadAsync(Stream blob, Digest digest, string kind, CancellationToken cancellationToken)
    {
        var buffer = new byte[MostBytes + 1];
        var length = await blob.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= MostBytes
            ? buffer[..length]
            : throw new AhoyException(ErrorCode.InvalidImage, $"The {kind} {digest} is longer than {MostBytes / 1024 / 1024} MiB.");
    }

    private static ImageManifest Manifest(Digest digest, byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, OciJson.Default.ImageManifest) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new AhoyException(ErrorCode.InvalidImage, $"{digest} is not an OCI image manifest (of one platform, not an index): {e.Message}", e);
        }
    }

    private static ImageConfig Config(Digest image, byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, OciJson.Default.ImageConfig) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new AhoyException(ErrorCode.InvalidImage, $"The configuration of image {image} can't be read: {e.Message}", e);
        }
    }

    private string PathOf(Digest image, string kind) => Path.Combine(_directory, $"{image.Hex}.{kind}");
}
