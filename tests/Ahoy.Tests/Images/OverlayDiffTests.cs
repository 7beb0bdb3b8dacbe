using System.Net.Sockets;
using Ahoy.Images.Layers;

namespace Ahoy.Tests.Images;

public sealed class OverlayDiffTests : IDisposable
{
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeSeconds(1500);
    private readonly TemporaryDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Write_WhatALayerUnpackedTo_GivesTheSameTreeAgain()
    {
        var upper = _temporary.Make("upper");
        await new TestLayer().File("etc/.wh.old").Directory("opt").File("opt/.wh..wh..opq").File("opt/new", "n", 0x1ed)
            .File("usr/a", "content").HardLink("usr/b", "usr/a").Symlink("usr/c", "/etc/passwd").ExtractAsync(upper);

        var diff = await WriteAsync(upper);
        var again = _temporary.Make("again");
        await TestLayer.ExtractAsync(diff, Ahoy.Images.Oci.MediaTypes.Layer, again);

        Assert.Equal(diff, await WriteAsync(again));
        Assert.True(FileStatus.Of(Path.Combine(again, "etc/old")).IsWhiteout);
        Assert.Equal(2u, FileStatus.Of(Path.Combine(again, "usr/b")).Links);
        Assert.Equal("/etc/passwd", new FileInfo(Path.Combine(again, "usr/c")).LinkTarget);
        Assert.Equal("n", await File.ReadAllTextAsync(Path.Combine(again, "opt/new"), TestContext.Current.CancellationToken));
        Assert.Equal(1, Posix.GetAttribute(Path.Combine(again, "opt"), FileOwners.OfThisProcess().OpaqueAttribute, new byte[8], 8));
        Assert.Equal(1000, FileStatus.Of(Path.Combine(again, "usr/a")).ModifiedSeconds);
    }

    [Fact]
    public async Task Write_TwoDirectoriesMadeAtOtherTimesInOtherOrder_GivesTheSameBytes()
    {
        string[] names = ["z", "a", "m/n"];
        foreach (var (directory, order) in new[] { ("one", names), ("two", names.Reverse()) })
        {
            foreach (var name in order)
            {
                var path = Path.Combine(_temporary.Make(directory), name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllTextAsync(path, name, TestContext.Current.CancellationToken);
            }
        }

        Assert.Equal(await WriteAsync(_temporary["one"]), await WriteAsync(_temporary["two"]));
    }

    [Fact]
    public async Task Write_ExcludedPathsAndSockets_AreLeftOut()
    {
        var upper = _temporary.Make("upper");
        await new TestLayer().File("var/log/apt/history", "x").File("var/lib/kept", "x").ExtractAsync(upper);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(upper, "socket")));

        var again = _temporary.Make("again");
        await TestLayer.ExtractAsync(await WriteAsync(upper, "var/log"), Ahoy.Images.Oci.MediaTypes.Layer, again);

        Assert.Equal(["var", "var/lib", "var/lib/kept"], Directory.GetFileSystemEntries(again, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(again, path)).Order());
    }

    private static async Task<byte[]> WriteAsync(string upper, params string[] excluded)
    {
        var tar = new MemoryStream();
        await OverlayDiff.WriteAsync(upper, tar, Time, excluded.ToHashSet(), TestContext.Current.CancellationToken);
        return tar.ToArray();
    }
}
