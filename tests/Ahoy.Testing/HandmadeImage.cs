using System.Formats.Tar;
using System.Text;
using Ahoy.Contracts;
using Ahoy.Contracts.Images;

namespace Ahoy.Testing;

/// <summary>The smallest image that a master accepts: one layer with /etc/os-release. No program of it can run.</summary>
/// <param name="Layer">Tar, uncompressed.</param>
/// <param name="Config">OCI image specification, config.md.</param>
/// <param name="Manifest">OCI image specification, manifest.md.</param>
public sealed record HandmadeImage(byte[] Layer, byte[] Config, byte[] Manifest)
{
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar";

    public static HandmadeImage Create(string osRelease) => Of(Tar("etc/os-release", osRelease));

    /// <summary>An honest image around any layer.</summary>
    public static HandmadeImage Of(byte[] layer)
    {
        var config = Encoding.UTF8.GetBytes(
            $$$"""{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/bin:/bin"]},"rootfs":{"type":"layers","diff_ids":["{{{Digest.Of(layer)}}}"]}}""");
        return new HandmadeImage(layer, config, ManifestOf(layer, config));
    }

    public static byte[] ManifestOf(byte[] layer, byte[] config) => Encoding.UTF8.GetBytes(
        $$$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{Digest.Of(config)}}}","size":{{{config.Length}}}},"layers":[{"mediaType":"{{{LayerType}}}","digest":"{{{Digest.Of(layer)}}}","size":{{{layer.Length}}}}]}""");

    /// <summary>A tar with one file, under any name, honest or not.</summary>
    public static byte[] Tar(string name, string content)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Pax, leaveOpen: true))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name)
            {
                Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                ModificationTime = DateTimeOffset.UnixEpoch,
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
            });
        }

        return bytes.ToArray();
    }

    public async Task UploadAsync(TestClient user)
    {
        await user.UploadAsync(Layer);
        await user.UploadAsync(Config);
        await user.UploadAsync(Manifest);
    }

    public async Task<ImageView> RegisterAsync(TestClient user, string name, ImageKind kind)
    {
        await UploadAsync(user);
        return await user.PostAsync<ImageRegistration, ImageView>(Routes.Images, new ImageRegistration { Name = name, Kind = kind, Manifest = Digest.Of(Manifest) });
    }
}
