using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;

namespace Ahoy.Tests.Images;

/// <summary>Stores images made of test layers, and lets tests tell lies about them.</summary>
internal static class TestImage
{
    public static async Task<Digest> StoreAsync(
        BlobStore store,
        IReadOnlyList<byte[]> layers,
        Func<ImageManifest, ImageManifest>? changeManifest = null,
        Func<ImageConfig, ImageConfig>? changeConfig = null)
    {
        var config = new ImageConfig
        {
            Architecture = "amd64",
            Os = "linux",
            Config = new ImageConfig.ContainerConfig { Env = ["LANG=C", "PATH=/usr/bin:/bin"], Cmd = ["bash"] },
            Rootfs = new ImageConfig.RootFileSystem { DiffIds = [.. layers.Select(layer => Digest.Of(layer))] },
        };
        var configBytes = JsonSerializer.SerializeToUtf8Bytes(changeConfig?.Invoke(config) ?? config, OciJson.Default.ImageConfig);
        var descriptors = new List<Descriptor>();
        foreach (var layer in layers)
        {
            await store.AddAsync(layer, CancellationToken.None);
            descriptors.Add(TestLayer.Describe(layer));
        }

        var manifest = new ImageManifest
        {
            MediaType = MediaTypes.Manifest,
            Config = new Descriptor { MediaType = MediaTypes.Config, Digest = await store.AddAsync(configBytes, CancellationToken.None), Size = configBytes.Length },
            Layers = descriptors,
        };
        return await store.AddAsync(JsonSerializer.SerializeToUtf8Bytes(changeManifest?.Invoke(manifest) ?? manifest, OciJson.Default.ImageManifest), CancellationToken.None);
    }
}
