using Ahoy.Images.Bases;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Bases;

/// <summary>Images made by other tools.</summary>
public sealed class ImageImportTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ahoy.").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Read_LayoutOfUmociAndDockerArchiveOfSkopeo_HoldTheSameFiles()
    {
        foreach (var program in new[] { "umoci", "skopeo" })
        {
            Require.That(ProgramRunner.Find(program) is not null, $"{program} is not installed");
            Assert.SkipUnless(ProgramRunner.Find(program) is not null, $"{program} is not installed");
        }

        await MakeLayoutAsync();
        await RunAsync("skopeo", "--insecure-policy", "copy", "oci:layout:v1", "docker-archive:archive.tar:example:v1");
        await RunAsync("skopeo", "--insecure-policy", "copy", "oci:layout:v1", "oci-archive:layout.tar:v1");

        var umoci = await ImageImport.ReadAsync(In("layout"), In("one"), Token);
        var docker = await ImageImport.ReadAsync(In("archive.tar"), In("two"), Token);
        var archive = await ImageImport.ReadAsync(In("layout.tar"), In("three"), Token);

        Assert.Equal(umoci.Manifest, archive.Manifest);
        string[] files = ["/etc/os-release", "/usr/bin/hard", "/usr/bin/tool", "/usr/link"];
        foreach (var layout in new[] { umoci, docker })
        {
            var inspected = await ImageInspector.InspectAsync(layout.Manifest, new BlobStore(layout.Directory), Token);
            Assert.Equal(files, inspected.Contents.Files);
            Assert.Equal("testos", inspected.Contents.OsId);
        }
    }

    [Fact]
    public async Task Write_OurLayout_IsUnderstoodBySkopeo()
    {
        Require.That(ProgramRunner.Find("skopeo") is not null, "skopeo is not installed");
        Assert.SkipUnless(ProgramRunner.Find("skopeo") is not null, "skopeo is not installed");
        var store = new BlobStore(In("ours"));
        var layer = new byte[1024];
        var image = ImageComposer.Base(
            new NewLayer { Digest = await store.AddAsync(layer, Token), Size = layer.Length, Role = "base", CreatedBy = "test" }, DateTimeOffset.UnixEpoch);
        await store.AddAsync(image.Config, Token);
        await store.AddAsync(image.Manifest, Token);
        await OciLayout.CreateAsync(store, image.Digest, Token);

        var said = await RunAsync("skopeo", "inspect", "oci:ours");

        Assert.Contains(image.Digest.ToString(), said.Output);
    }

    /// <summary>Two layers, the second of which removes a file of the first.</summary>
    private async Task MakeLayoutAsync()
    {
        var rootless = Environment.UserName == "root" ? Array.Empty<string>() : ["--rootless"];
        await RunAsync("umoci", "init", "--layout", "layout");
        await RunAsync("umoci", "new", "--image", "layout:v1");
        await RunAsync("umoci", ["unpack", .. rootless, "--image", "layout:v1", "bundle"]);
        Directory.CreateDirectory(In("bundle/rootfs/usr/bin"));
        Directory.CreateDirectory(In("bundle/rootfs/etc"));
        await File.WriteAllTextAsync(In("bundle/rootfs/usr/bin/tool"), "tool", Token);
        await File.WriteAllTextAsync(In("bundle/rootfs/usr/bin/removed"), "x", Token);
        await File.WriteAllTextAsync(In("bundle/rootfs/etc/os-release"), "ID=testos\n", Token);
        await RunAsync("ln", "bundle/rootfs/usr/bin/tool", "bundle/rootfs/usr/bin/hard");
        File.CreateSymbolicLink(In("bundle/rootfs/usr/link"), "bin/tool");
        await RunAsync("umoci", "repack", "--refresh-bundle", "--image", "layout:v1", "bundle");
        File.Delete(In("bundle/rootfs/usr/bin/removed"));
        await RunAsync("umoci", "repack", "--image", "layout:v1", "bundle");
        await RunAsync("umoci", "gc", "--layout", "layout");
    }

    private string In(string name) => Path.Combine(_directory, name);

    private Task<ProgramOutput> RunAsync(string program, params string[] arguments) =>
        ProgramRunner.RunAsync(new ProgramCall { Program = program, Arguments = arguments, WorkingDirectory = _directory }, Token);
}
