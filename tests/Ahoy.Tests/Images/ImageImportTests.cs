using System.Text;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Images.Bases;
using Ahoy.Images.Layers;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;

namespace Ahoy.Tests.Images;

public sealed class ImageImportTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Read_LayoutDirectoryAndItsTar_GiveTheSameImage()
    {
        var layout = await LayoutAsync(new TestLayer().File("a", "1").Bytes());

        var fromDirectory = await ImageImport.ReadAsync(layout.Directory, _temporary["one"], Token);
        var fromTar = await ImageImport.ReadAsync(await TarAsync(layout.Directory), _temporary["two"], Token);

        Assert.Equal(layout.Manifest, fromDirectory.Manifest);
        Assert.Equal(layout.Manifest, fromTar.Manifest);
        Assert.Equal(3, fromTar.Blobs.Count);
        Assert.Equal(3, Directory.GetFiles(_temporary["two/blobs/sha256"]).Length);
        Assert.Equal(layout.Manifest, (await OciLayout.OpenAsync(_temporary["two"], Token)).Manifest);
    }

    [Fact]
    public async Task Read_DockerArchiveWithALinkedLayer_GetsAManifest()
    {
        var layer = new TestLayer().File("a", "1").Bytes();
        var archive = DockerArchive(layer, [layer, layer])
            .File("1/layer.tar", Encoding.UTF8.GetString(layer)).Symlink("2/layer.tar", "../1/layer.tar").Directory("1/").File("1/VERSION", "1.0");

        // One file in the layer twice is no error: each layer is an archive of its own.
        var layout = await ImportAsync(archive);

        Assert.Equal(3, layout.Blobs.Count);
        Assert.Equal(Digest.Of(layer), layout.Blobs[0].Digest);
    }

    [Fact]
    public async Task Read_DockerArchiveWhoseLayerIsNotWhatItsConfigSays_IsInvalid() =>
        await AssertRefusedAsync(ErrorCode.InvalidImage, DockerArchive("other"u8.ToArray(), ["other"u8.ToArray()]).File("1/layer.tar", Encoding.UTF8.GetString(new TestLayer().File("a").Bytes())));

    [Fact]
    public async Task Read_DockerArchiveWithoutItsLayer_SaysMissingBlob() =>
        await AssertRefusedAsync(ErrorCode.MissingBlob, DockerArchive([], [[]]));

    [Fact]
    public async Task Read_MemberTwice_IsUnsafe() => await AssertRefusedAsync(ErrorCode.UnsafeArchive, new TestLayer().File("manifest.json", "[]").File("./manifest.json", "[]"));

    [Fact]
    public async Task Read_Device_IsUnsafe() => await AssertRefusedAsync(ErrorCode.UnsafeArchive, new TestLayer().Add(new TarEntry { Name = "dev", Type = '3' }));

    [Fact]
    public async Task Read_MembersWithHostileNames_AreNeverWrittenThere()
    {
        await AssertRefusedAsync(ErrorCode.InvalidImage, new TestLayer().File("../../evil", "x").File("/tmp/ahoy-evil", "x").Symlink("l", "/etc"));
        Assert.False(File.Exists("/tmp/ahoy-evil"));
        Assert.Equal(["archive.tar", "out"], Directory.GetFileSystemEntries(_temporary.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Read_HostileLayer_IsUnsafe() =>
        Assert.Equal(ErrorCode.UnsafeArchive, (await Assert.ThrowsAsync<AhoyException>(async () =>
            await ImageImport.ReadAsync((await LayoutAsync(new TestLayer().File("../evil", "x").Bytes())).Directory, _temporary["out"], Token))).Code);

    [Fact]
    public async Task Read_NothingThere_SaysNotFound() =>
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<AhoyException>(() => ImageImport.ReadAsync(_temporary["none"], _temporary["out"], Token))).Code);

    private static TestLayer DockerArchive(byte[] configured, IReadOnlyList<byte[]> layers)
    {
        var config = new ImageConfig { Architecture = "amd64", Os = "linux", Rootfs = new() { DiffIds = [.. layers.Select(_ => Digest.Of(configured))] } };
        var manifest = new DockerArchiveManifest { Config = "c.json", Layers = [.. layers.Select((_, i) => $"{i + 1}/layer.tar")] };
        return new TestLayer().File("c.json", JsonSerializer.Serialize(config, OciJson.Default.ImageConfig))
            .File("manifest.json", JsonSerializer.Serialize([manifest], OciJson.Default.DockerArchiveManifestArray));
    }

    private async Task<OciLayout> LayoutAsync(byte[] layer)
    {
        var store = new BlobStore(_temporary["layout"]);
        return await OciLayout.CreateAsync(store, await TestImage.StoreAsync(store, [layer]), Token);
    }

    private async Task<string> TarAsync(string directory)
    {
        var tar = new MemoryStream();
        await OverlayDiff.WriteAsync(directory, tar, DateTimeOffset.UnixEpoch, new HashSet<string>(), Token);
        await File.WriteAllBytesAsync(_temporary["layout.tar.gz"], TestLayer.Gzip(tar.ToArray()), Token);
        return _temporary["layout.tar.gz"];
    }

    private async Task<OciLayout> ImportAsync(TestLayer archive)
    {
        await File.WriteAllBytesAsync(_temporary["archive.tar"], archive.Bytes(), Token);
        return await ImageImport.ReadAsync(_temporary["archive.tar"], _temporary["out"], Token);
    }

    private async Task AssertRefusedAsync(ErrorCode code, TestLayer archive) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<AhoyException>(() => ImportAsync(archive))).Code);
}
