using System.Text;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;

namespace Ahoy.Tests.Images;

public sealed class ImageInspectorTests : IDisposable
{
    private const string Status = """
        Package: libc6
        Status: install ok installed
        Version: 2.36-9
        Description: library
         more: text

        Package: gone
        Status: deinstall ok config-files
        Version: 1

        Package: bash
        Status: install ok installed
        Version: 5.2
        """;

    private static readonly byte[] System = new TestLayer()
        .Symlink("bin", "usr/bin").Directory("usr/bin").File("usr/bin/sh", "x").HardLink("usr/bin/dash", "usr/bin/sh")
        .Symlink("etc/os-release", "../usr/lib/os-release")
        .File("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
        .File("var/lib/dpkg/status", Status).File("old/a", "1").File("old/b", "1").File("removed", "1").Bytes();

    private readonly TemporaryDirectory _temporary = new();
    private readonly BlobStore _store;

    public ImageInspectorTests() => _store = new BlobStore(_temporary.Path);

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Inspect_Layers_GivesWhatTheRootHolds()
    {
        var upper = new TestLayer().File(".wh.removed").File("old/.wh..wh..opq").File("old/c", "2").File("var/lib/dpkg/status.d/tz", "Package: tzdata\nVersion: 2024a\n").Bytes();

        var contents = (await InspectAsync(await TestImage.StoreAsync(_store, [System, upper]))).Contents;

        Assert.Equal(("debian", "12", "Debian GNU/Linux 12 (bookworm)"), (contents.OsId, contents.OsVersion, contents.OsName));
        Assert.Equal(["bash", "libc6", "tzdata"], contents.Packages.Keys);
        Assert.Equal("2.36-9", contents.Packages["libc6"]);
        Assert.Equal("usr/bin", Assert.Single(contents.DirectoryLinks, link => link.Key == "/bin").Value);
        Assert.Equal(
            ["/etc/os-release", "/old/c", "/usr/bin/dash", "/usr/bin/sh", "/usr/lib/os-release", "/var/lib/dpkg/status", "/var/lib/dpkg/status.d/tz"],
            contents.Files);
    }

    [Fact]
    public async Task Inspect_ManySmallLayers_AreRefusedForWhatTheyHoldTogether()
    {
        var layers = Enumerable.Range(0, 4).Select(i => new TestLayer().File($"a{i}", "1").File($"b{i}", "1").Bytes()).ToArray();
        var image = await TestImage.StoreAsync(_store, layers);

        await ImageInspector.InspectAsync(image, _store, maxEntries: 8, TestContext.Current.CancellationToken);
        var refusal = await Assert.ThrowsAsync<AhoyException>(() => ImageInspector.InspectAsync(image, _store, maxEntries: 7, TestContext.Current.CancellationToken));

        Assert.Equal(ErrorCode.UnsafeArchive, refusal.Code);
    }

    [Fact]
    public async Task Inspect_Index_PicksThisPlatform()
    {
        var image = await TestImage.StoreAsync(_store, [System]);
        var index = new ImageIndex
        {
            Manifests =
            [
                new() { MediaType = MediaTypes.Manifest, Digest = Digest.Of("arm"u8), Size = 1, Platform = new() { Os = "linux", Architecture = "arm64" } },
                new() { MediaType = MediaTypes.Manifest, Digest = image, Size = 1, Platform = new() { Os = "linux", Architecture = "amd64" } },
            ],
        };
        var digest = await _store.AddAsync(JsonSerializer.SerializeToUtf8Bytes(index, OciJson.Default.ImageIndex), TestContext.Current.CancellationToken);

        Assert.Equal(image, (await InspectAsync(digest)).Image.Digest);
    }

    [Fact]
    public async Task Inspect_DiffIdThatLies_IsInvalid() => await AssertRefusedAsync(ErrorCode.InvalidImage,
        await TestImage.StoreAsync(_store, [System], changeConfig: config => config with { Rootfs = new() { DiffIds = [Digest.Of("lie"u8)] } }));

    [Fact]
    public async Task Inspect_LayerSizeThatLies_SaysDigestMismatch() => await AssertRefusedAsync(ErrorCode.DigestMismatch,
        await TestImage.StoreAsync(_store, [System], manifest => manifest with { Layers = [manifest.Layers[0] with { Size = 512 }] }));

    [Fact]
    public async Task Inspect_ConfigSizeThatLies_SaysDigestMismatch() => await AssertRefusedAsync(ErrorCode.DigestMismatch,
        await TestImage.StoreAsync(_store, [System], manifest => manifest with { Config = manifest.Config with { Size = 1 } }));

    [Fact]
    public async Task Inspect_LayerNeverUploaded_SaysMissingBlob() => await AssertRefusedAsync(ErrorCode.MissingBlob,
        await TestImage.StoreAsync(_store, [System], manifest => manifest with { Layers = [manifest.Layers[0] with { Digest = Digest.Of("none"u8) }] }));

    [Fact]
    public async Task Inspect_FewerLayersThanTheConfigSays_IsInvalid() => await AssertRefusedAsync(ErrorCode.InvalidImage,
        await TestImage.StoreAsync(_store, [System], changeConfig: config => config with { Rootfs = new() { DiffIds = [Digest.Of(System), Digest.Of(System)] } }));

    [Fact]
    public async Task Inspect_ImageForAnotherProcessor_IsInvalid() => await AssertRefusedAsync(ErrorCode.InvalidImage,
        await TestImage.StoreAsync(_store, [System], changeConfig: config => config with { Architecture = "s390x" }));

    [Fact]
    public async Task Inspect_HostileLayer_IsUnsafe() => await AssertRefusedAsync(ErrorCode.UnsafeArchive,
        await TestImage.StoreAsync(_store, [System, new TestLayer().File("../evil", "x").Bytes()]));

    [Fact]
    public async Task Inspect_ManifestWhoseBytesChanged_SaysDigestMismatch()
    {
        var digest = await TestImage.StoreAsync(_store, [System]);
        await File.AppendAllTextAsync(_store.FileOf(digest), " ", TestContext.Current.CancellationToken);
        await AssertRefusedAsync(ErrorCode.DigestMismatch, digest);
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("{\"schemaVersion\":2}")]
    [InlineData("{\"schemaVersion\":1,\"config\":null,\"layers\":null}")]
    public async Task Inspect_NoManifest_IsInvalid(string text) =>
        await AssertRefusedAsync(ErrorCode.InvalidImage, await _store.AddAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken));

    [Fact]
    public async Task Extend_AnImage_KeepsItsLayersAndPutsTheApplicationFirstOnPath()
    {
        var image = (await InspectAsync(await TestImage.StoreAsync(_store, [System]))).Image;
        var files = new TestLayer().File("app/run", "x").Bytes();
        var layer = new NewLayer { Digest = await _store.AddAsync(files, TestContext.Current.CancellationToken), Size = files.Length, Role = "files", CreatedBy = "ahoy build" };

        var composed = ImageComposer.Extend(image, [layer], ["/app/run"]);
        await _store.AddAsync(composed.Config, TestContext.Current.CancellationToken);
        await _store.AddAsync(composed.Manifest, TestContext.Current.CancellationToken);
        var extended = await InspectAsync(composed.Digest);

        Assert.Equal(composed.Digest, ImageComposer.Extend(image, [layer], ["/app/run"]).Digest);
        Assert.Equal(["PATH=/app:/usr/bin:/bin", "LANG=C"], extended.Image.Config.Config!.Env!);
        Assert.Equal(["/app/run"], extended.Image.Config.Config.Entrypoint!);
        Assert.Null(extended.Image.Config.Config.Cmd);
        Assert.Equal([null, "files"], extended.Image.Manifest.Layers.Select(l => l.Annotations?.GetValueOrDefault(ImageComposer.RoleAnnotation)));
        Assert.Contains("/app/run", extended.Contents.Files);
    }

    private Task<InspectedImage> InspectAsync(Digest digest) => ImageInspector.InspectAsync(digest, _store, TestContext.Current.CancellationToken);

    private async Task AssertRefusedAsync(ErrorCode code, Digest digest) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<AhoyException>(() => InspectAsync(digest))).Code);
}
