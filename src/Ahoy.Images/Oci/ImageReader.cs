using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ahoy.Contracts;
using Ahoy.Images.Store;

namespace Ahoy.Images.Oci;

/// <summary>Reads an image's manifest and config, OCI's or Docker's (version 2, schema 2), and believes nothing that does not fit together.</summary>
public static class ImageReader
{
    /// <summary>The limit that registries set for manifests (OCI distribution specification, "Pushing Manifests"); configs are smaller.</summary>
    public const int MaxDocumentSize = 4 << 20;

    /// <summary>More layers than Docker (127) or overlayfs (500) can stack.</summary>
    private const int MaxLayers = 500;

    private const string Architecture = "amd64";
    private const string Os = "linux";

    /// <summary>Reads the image of a manifest, or, of an index, the image for linux/amd64.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.MissingBlob"/>, <see cref="ErrorCode.DigestMismatch"/>, <see cref="ErrorCode.InvalidImage"/>.</exception>
    public static async Task<Image> ReadAsync(Digest digest, IBlobSource source, CancellationToken cancellationToken)
    {
        var bytes = await ReadDocumentAsync(digest, "manifest", source, cancellationToken);
        if (IsIndex(bytes, digest))
        {
            digest = Choose(Parse(bytes, OciJson.Default.ImageIndex, digest, "image index"), digest);
            bytes = await ReadDocumentAsync(digest, "manifest", source, cancellationToken);
        }

        var manifest = Parse(bytes, OciJson.Default.ImageManifest, digest, "image manifest");
        Check(manifest, digest);
        var configBytes = await ReadDocumentAsync(manifest.Config.Digest, "config", source, cancellationToken);
        if (configBytes.Length != manifest.Config.Size)
            throw new AhoyException(ErrorCode.DigestMismatch, $"Config {manifest.Config.Digest} has {configBytes.Length} bytes instead of the {manifest.Config.Size} that manifest {digest} says.");
        var config = Parse(configBytes, OciJson.Default.ImageConfig, manifest.Config.Digest, "image config");
        Check(config, manifest, digest);
        return new Image(digest, manifest, config);
    }

    internal static T Parse<T>(byte[] bytes, JsonTypeInfo<T> type, Digest digest, string what)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw Invalid(digest, $"it is no {what}");
        }
        catch (JsonException e)
        {
            throw Invalid(digest, $"it is no {what}: {e.Message}", e);
        }
    }

    private static async Task<byte[]> ReadDocumentAsync(Digest digest, string what, IBlobSource source, CancellationToken cancellationToken)
    {
        await using var stream = await source.OpenAsync(digest, cancellationToken);
        var bytes = new byte[MaxDocumentSize + 1];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > MaxDocumentSize)
            throw Invalid(digest, $"it is larger than {MaxDocumentSize >> 20} MiB, too large for a {what}");
        var actual = Digest.Of(bytes.AsSpan(0, length));
        return actual == digest
            ? bytes[..length]
            : throw new AhoyException(ErrorCode.DigestMismatch, $"The {what} {digest} is damaged: its bytes have the digest {actual}.");
    }

    /// <summary>By content: the media type is optional in both documents.</summary>
    private static bool IsIndex(byte[] bytes, Digest digest)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("manifests", out _);
        }
        catch (JsonException e)
        {
            throw Invalid(digest, $"it is no JSON: {e.Message}", e);
        }
    }

    private static Digest Choose(ImageIndex index, Digest digest)
    {
        // JSON's null passes the reader inside lists.
        if (index.Manifests.Any(entry => entry is null))
            throw Invalid(digest, "its index lists null");
        var images = index.Manifests.Where(entry => entry.MediaType is MediaTypes.Manifest or MediaTypes.DockerManifest).ToList();
        var chosen = images.Find(entry => entry.Platform is { Os: Os, Architecture: Architecture })
            ?? (images is [{ Platform: null } only] ? only : null);
        return chosen?.Digest
            ?? throw Invalid(digest, $"its index has no image for {Os}/{Architecture}, but for {string.Join(", ", images.Select(entry => $"{entry.Platform?.Os}/{entry.Platform?.Architecture}"))}");
    }

    private static void Check(ImageManifest manifest, Digest digest)
    {
        if (manifest.SchemaVersion != 2)
            throw Invalid(digest, $"its schema version is {manifest.SchemaVersion}; only 2 is supported");
        if (manifest.MediaType is not (null or MediaTypes.Manifest or MediaTypes.DockerManifest))
            throw Invalid(digest, $"its media type is {manifest.MediaType}");
        if (manifest.Config.MediaType is not (MediaTypes.Config or MediaTypes.DockerConfig))
            throw Invalid(digest, $"its config is of the type {manifest.Config.MediaType}: it is no container image");
        if (manifest.Layers.Count is 0 or > MaxLayers)
            throw Invalid(digest, $"it has {manifest.Layers.Count} layers; 1 to {MaxLayers} are possible");
        if (manifest.Layers.Any(layer => layer is null))
            throw Invalid(digest, "it lists null as a layer");
        if (manifest.Layers.Append(manifest.Config).Any(part => part.Size < 0))
            throw Invalid(digest, "it gives a negative size");
    }

    private static void Check(ImageConfig config, ImageManifest manifest, Digest digest)
    {
        if (config.Rootfs.Type != "layers" || config.Rootfs.DiffIds.Count != manifest.Layers.Count)
            throw Invalid(digest, $"its config lists {config.Rootfs.DiffIds.Count} layers, its manifest {manifest.Layers.Count}");
        if (config.Os != Os || config.Architecture != Architecture)
            throw Invalid(digest, $"it is for {config.Os}/{config.Architecture}; hosts here run {Os}/{Architecture}");
    }

    private static AhoyException Invalid(Digest digest, string reason, Exception? inner = null) =>
        new(ErrorCode.InvalidImage, $"{digest} can't be used as an image: {reason.TrimEnd('.')}.", inner);
}
