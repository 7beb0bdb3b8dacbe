using Ahoy.Contracts;
using Ahoy.Images.Layers;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Bases;

/// <summary>On a real file system that is too small.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ahoy.").FullName;
    private bool _mounted;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var said = await ProgramRunner.TryRunAsync(Mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", _directory), Token);
        _mounted = said.ExitCode == 0;
        Require.That(_mounted, $"a small file system can't be mounted: {said.Error}");
        Assert.SkipUnless(_mounted, $"a small file system can't be mounted (it needs root): {said.Error}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_mounted)
            await ProgramRunner.RunAsync(new ProgramCall { Program = "umount", Arguments = [_directory] }, CancellationToken.None);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Append_DiskFull_SaysSoAndGoesOnWhenThereIsSpace()
    {
        var content = new byte[3 << 20];
        Random.Shared.NextBytes(content);
        var digest = Digest.Of(content);
        var store = new BlobStore(_directory);

        var error = await Assert.ThrowsAsync<AhoyException>(() => store.AppendAsync("joe", digest, content.Length, 0, new MemoryStream(content), Token));
        Assert.Equal(ErrorCode.DiskFull, error.Code);
        Assert.Contains(_directory, error.Message);
        var offset = (int)store.GetUpload("joe", digest).Offset;
        Assert.InRange(offset, 1, 1 << 20);

        await ProgramRunner.RunAsync(Mount("-o", "remount,size=8m", _directory), Token);
        Assert.True((await store.AppendAsync("joe", digest, content.Length, offset, new MemoryStream(content[offset..]), Token)).Complete);
    }

    [Fact]
    public async Task Add_DiskFull_LeavesNothing()
    {
        var store = new BlobStore(_directory);
        var error = await Assert.ThrowsAsync<AhoyException>(() => store.AddAsync(new byte[3 << 20], Token));
        Assert.Equal(ErrorCode.DiskFull, error.Code);
        Assert.Empty(Directory.GetFiles(_directory, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Extract_DiskFull_SaysWhere()
    {
        var tar = new MemoryStream();
        var writer = new TarWriter(tar);
        await writer.WriteAsync(new TarEntry { Name = "large", Type = '0', Size = 3 << 20 }, new MemoryStream(new byte[3 << 20]), Token);
        await writer.FinishAsync(Token);
        tar.Position = 0;
        var layer = new Descriptor { MediaType = MediaTypes.Layer, Digest = Digest.Of(tar.ToArray()), Size = tar.Length };

        var error = await Assert.ThrowsAsync<AhoyException>(() => LayerArchive.ExtractAsync(tar, layer, _directory, Token));
        Assert.Equal(ErrorCode.DiskFull, error.Code);
        Assert.Contains(_directory, error.Message);
    }

    private static ProgramCall Mount(params string[] arguments) => new() { Program = "mount", Arguments = arguments };
}
