using System.Formats.Tar;
using System.Text;
using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Images.Layers;
using Ahoy.Images.Store;

namespace Ahoy.Tests.Images;

public sealed class FilesLayerTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();
    private readonly BlobStore _store;

    public FilesLayerTests() => _store = new BlobStore(_temporary.Path);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Write_SameFilesInAnyOrder_GivesTheSameBytes()
    {
        List<BuildFile> files =
        [
            await FileAsync("app/run", "#!/bin/sh", executable: true),
            await FileAsync("app/data/" + new string('ü', 120), "long name"),
            new BuildFile { Path = "opt/empty", Type = BuildFileType.Directory },
            new BuildFile { Path = "opt/link", Type = BuildFileType.Symlink, Target = "../app/run" },
        ];

        var bytes = await WriteAsync(files);
        files.Reverse();

        Assert.Equal(bytes, await WriteAsync(files));
    }

    [Fact]
    public async Task Write_FilesAndLinks_AreReadableByOtherReaders()
    {
        var longName = "app/" + new string('n', 120);
        var bytes = await WriteAsync(
        [
            await FileAsync("app/run", "#!/bin/sh", executable: true),
            await FileAsync(longName, "long"),
            new BuildFile { Path = "lib64", Type = BuildFileType.Symlink, Target = new string('t', 150) },
        ]);

        var entries = new Dictionary<string, (TarEntryType Type, UnixFileMode Mode, string Link)>();
        using var reader = new System.Formats.Tar.TarReader(new MemoryStream(bytes));
        while (await reader.GetNextEntryAsync(copyData: true, Token) is { } entry)
        {
            Assert.Equal((0, 0, DateTimeOffset.UnixEpoch), (entry.Uid, entry.Gid, entry.ModificationTime));
            entries.Add(entry.Name, (entry.EntryType, entry.Mode, entry.LinkName));
        }

        Assert.Equal(["app/", longName, "app/run", "lib64"], entries.Keys);
        Assert.True(entries["app/run"].Mode.HasFlag(UnixFileMode.OtherExecute));
        Assert.False(entries[longName].Mode.HasFlag(UnixFileMode.UserExecute));
        Assert.Equal(new string('t', 150), entries["lib64"].Link);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/absolute")]
    [InlineData("a//b")]
    [InlineData("app/.wh.run")]
    public async Task Write_UnusablePath_IsRefused(string path) => await AssertRefusedAsync([await FileAsync(path, "x")]);

    [Fact]
    public async Task Write_PathTwice_IsRefused() => await AssertRefusedAsync([await FileAsync("a", "x"), await FileAsync("a", "y")]);

    [Fact]
    public async Task Write_BelowASymbolicLink_IsRefused() =>
        await AssertRefusedAsync([new BuildFile { Path = "lib", Type = BuildFileType.Symlink, Target = "usr/lib" }, await FileAsync("lib/deep/x", "x")]);

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Write_SizeThatLies_SaysDigestMismatch(int difference)
    {
        var file = await FileAsync("a", "content");
        var error = await Assert.ThrowsAsync<AhoyException>(() => WriteAsync([file with { Size = file.Size + difference }]));
        Assert.Equal(ErrorCode.DigestMismatch, error.Code);
    }

    private async Task<BuildFile> FileAsync(string path, string content, bool executable = false)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        return new BuildFile { Path = path, Digest = await _store.AddAsync(bytes, Token), Size = bytes.Length, Executable = executable };
    }

    private async Task<byte[]> WriteAsync(IReadOnlyList<BuildFile> files)
    {
        var tar = new MemoryStream();
        await FilesLayer.WriteAsync(files, _store, tar, Token);
        return tar.ToArray();
    }

    private async Task AssertRefusedAsync(IReadOnlyList<BuildFile> files) =>
        Assert.Equal(ErrorCode.InvalidRequest, (await Assert.ThrowsAsync<AhoyException>(() => WriteAsync(files))).Code);
}
