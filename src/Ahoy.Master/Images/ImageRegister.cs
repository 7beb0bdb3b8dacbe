using System.IO.Compression;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Images;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Master.Access;
using Ahoy.Master.Storage;
using Ahoy.Runtimes;

namespace Ahoy.Master.Images;

/// <summary>Takes images into the repository: everything that a manifest says is checked before it gets a name.</summary>
internal sealed class ImageRegister(BlobStore blobs, BlobUsers users, ImageCatalog catalog, TokenStore tokens, Database database, TimeProvider time)
{
    /// <summary>Registers a manifest whose blobs the user has uploaded.</summary>
    public async Task<ImageView> RegisterAsync(string user, ImageRegistration registration, CancellationToken cancellationToken)
    {
        ImageName.Check(registration.Name);
        catalog.RequireFree(user, registration.Kind, registration.Name);
        var image = await ImageReader.ReadAsync(registration.Manifest, new UploadedBlobs(user, users, blobs), cancellationToken);
        users.Require(user, [.. image.Manifest.Layers.Select(layer => layer.Digest)]);
        var view = await AddAsync(user, registration.Name, registration.Kind, registration.Manifest, baseName: null, cancellationToken);
        // Looking through a whole root file system leaves much behind.
        DaemonMemory.GiveBack();
        return view;
    }

    /// <summary>Gives a name to an image that is whole in the store. Its contents are looked through once per manifest.</summary>
    public async Task<ImageView> AddAsync(string user, string name, ImageKind kind, Digest manifest, string? baseName, CancellationToken cancellationToken)
    {
        var contents = FindContents(manifest);
        ImageManifest parsed;
        ImageConfig config;
        if (contents is null)
        {
            var inspected = await ImageInspector.InspectAsync(manifest, blobs, cancellationToken);
            (parsed, config, contents) = (inspected.Image.Manifest, inspected.Image.Config, inspected.Contents);
            await StoreContentsAsync(manifest, contents);
        }
        else
        {
            var read = await ImageReader.ReadAsync(manifest, blobs, cancellationToken);
            (parsed, config) = (read.Manifest, read.Config);
        }

        var view = new ImageView
        {
            Name = name,
            Kind = kind,
            Owner = user,
            // Who makes a base for everybody decides what runs in everybody's images, and takes a name from everybody.
            Private = kind == ImageKind.Base && !tokens.IsManager(user),
            Digest = manifest,
            CreatedAt = time.GetUtcNow(),
            Base = baseName,
            OsName = contents.OsName,
            Layers = [.. parsed.Layers.Select(layer => new LayerView
            {
                Digest = layer.Digest,
                Size = layer.Size,
                Role = layer.Annotations?.GetValueOrDefault(ImageComposer.RoleAnnotation),
            })],
            Size = parsed.Layers.Sum(layer => layer.Size),
            Entrypoint = config.Config?.Entrypoint ?? [],
        };
        await catalog.AddAsync(view);
        return view;
    }

    public ImageContents Contents(ImageView image) =>
        FindContents(image.Digest) ?? throw new AhoyException(ErrorCode.Internal, $"The contents of image {image.Name} are not known. Register it again.");

    private ImageContents? FindContents(Digest manifest)
    {
        var packed = database.Read(connection => connection.Scalar<byte[]>("SELECT contents FROM image_contents WHERE manifest = $manifest", ("$manifest", manifest.ToString())));
        if (packed is null)
            return null;
        using var unpacked = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        return JsonSerializer.Deserialize(unpacked, AhoyJson.Default.ImageContents);
    }

    private async Task StoreContentsAsync(Digest manifest, ImageContents contents)
    {
        var buffer = new MemoryStream();
        await using (var packing = new BrotliStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            await JsonSerializer.SerializeAsync(packing, contents, AhoyJson.Default.ImageContents);
        }

        await database.WriteAsync(connection => connection.Execute(
            "INSERT INTO image_contents (manifest, contents) VALUES ($manifest, $contents) ON CONFLICT DO NOTHING",
            ("$manifest", manifest.ToString()), ("$contents", buffer.ToArray())));
    }
}
