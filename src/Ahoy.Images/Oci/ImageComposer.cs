using System.Text.Json;
using Ahoy.Contracts;

namespace Ahoy.Images.Oci;

/// <summary>Writes manifests and configs. Equal inputs give equal bytes: no clock, no random names.</summary>
public static class ImageComposer
{
    /// <summary>Annotation of a layer's descriptor: what made it.</summary>
    public const string RoleAnnotation = "org.ahoy.layer.role";

    /// <summary>Where what the user adds goes; first on PATH.</summary>
    private const string ApplicationDirectory = "/app";
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private const string PathVariable = "PATH=";

    /// <summary>An image of one layer, without entry point.</summary>
    public static ComposedImage Base(NewLayer layer, DateTimeOffset created) =>
        Write([Describe(layer)], new ImageConfig
        {
            Created = created,
            Architecture = "amd64",
            Os = "linux",
            Config = new ImageConfig.ContainerConfig { Env = [PathVariable + DefaultPath] },
            Rootfs = new ImageConfig.RootFileSystem { DiffIds = [layer.Digest] },
            History = [new ImageConfig.HistoryEntry { Created = created, CreatedBy = layer.CreatedBy }],
        });

    /// <summary>Puts layers on an image. The base's entry point and arguments are not taken over: without one of its own, the wrapper is the image's default.</summary>
    public static ComposedImage Extend(Image image, IReadOnlyList<NewLayer> layers, IReadOnlyList<string> entrypoint)
    {
        var config = image.Config.Config ?? new ImageConfig.ContainerConfig();
        var history = layers.Select(layer => new ImageConfig.HistoryEntry { Created = image.Config.Created, CreatedBy = layer.CreatedBy });
        return Write([.. image.Manifest.Layers.Select(AsOci), .. layers.Select(Describe)], image.Config with
        {
            Config = config with
            {
                Env = WithApplicationPath(config.Env ?? []),
                Entrypoint = entrypoint.Count == 0 ? null : entrypoint,
                Cmd = null,
            },
            Rootfs = image.Config.Rootfs with { DiffIds = [.. image.Config.Rootfs.DiffIds, .. layers.Select(layer => layer.Digest)] },
            History = [.. image.Config.History ?? [], .. history],
        });
    }

    /// <summary>An image of these layers with this config, whose bytes stay as they are.</summary>
    internal static ComposedImage Wrap(IReadOnlyList<Descriptor> layers, byte[] config) =>
        new(JsonSerializer.SerializeToUtf8Bytes(new ImageManifest
        {
            MediaType = MediaTypes.Manifest,
            Config = new Descriptor { MediaType = MediaTypes.Config, Digest = Digest.Of(config), Size = config.Length },
            Layers = layers,
        }, OciJson.Default.ImageManifest), config);

    private static ComposedImage Write(IReadOnlyList<Descriptor> layers, ImageConfig config) =>
        Wrap(layers, JsonSerializer.SerializeToUtf8Bytes(config, OciJson.Default.ImageConfig));

    private static Descriptor Describe(NewLayer layer) => new()
    {
        MediaType = MediaTypes.Layer,
        Digest = layer.Digest,
        Size = layer.Size,
        Annotations = new Dictionary<string, string> { [RoleAnnotation] = layer.Role },
    };

    /// <summary>An OCI manifest names OCI types; Docker's layers are the same bytes.</summary>
    private static Descriptor AsOci(Descriptor layer) => layer with
    {
        MediaType = layer.MediaType switch
        {
            MediaTypes.DockerLayer => MediaTypes.Layer,
            MediaTypes.DockerLayerGzip => MediaTypes.LayerGzip,
            var type => type,
        },
    };

    private static List<string> WithApplicationPath(IReadOnlyList<string> environment)
    {
        var path = environment.FirstOrDefault(variable => variable.StartsWith(PathVariable, StringComparison.Ordinal))?[PathVariable.Length..] ?? DefaultPath;
        if (!path.Split(':').Contains(ApplicationDirectory))
            path = $"{ApplicationDirectory}:{path}";
        return [PathVariable + path, .. environment.Where(variable => !variable.StartsWith(PathVariable, StringComparison.Ordinal))];
    }
}
