using System.Text;
using Ahoy.Contracts;
using Ahoy.Images.Layers;
using Ahoy.Images.Oci;

namespace Ahoy.Tests.Images;

public sealed class UnsafeLayerTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    public static TheoryData<string> Attacks => [.. Layers.Keys];

    private static readonly Dictionary<string, Func<TestLayer>> Layers = new()
    {
        ["parent directory"] = () => new TestLayer().File("../evil", "x"),
        ["parent directory inside"] = () => new TestLayer().Directory("a").File("a/../../evil", "x"),
        ["absolute name"] = () => new TestLayer().File("/evil", "x"),
        ["absolute directory"] = () => new TestLayer().Directory("/tmp"),
        ["through a symbolic link"] = () => new TestLayer().Symlink("out", "/tmp").File("out/evil", "x"),
        ["through a relative symbolic link"] = () => new TestLayer().Symlink("out", "..").File("out/evil", "x"),
        ["directory through a symbolic link"] = () => new TestLayer().Symlink("out", "..").Directory("out/evil"),
        ["directory over a symbolic link"] = () => new TestLayer().Symlink("out", "..").Directory("out"),
        ["whiteout through a symbolic link"] = () => new TestLayer().Symlink("out", "..").File("out/.wh.evil"),
        ["symbolic link through a symbolic link"] = () => new TestLayer().Symlink("out", "..").Symlink("out/evil", "x"),
        ["hard link out"] = () => new TestLayer().HardLink("evil", "../secret"),
        ["hard link to an absolute name"] = () => new TestLayer().HardLink("evil", "/etc/passwd"),
        ["hard link through a symbolic link"] = () => new TestLayer().Symlink("out", "..").HardLink("evil", "out/secret"),
        ["hard link to a directory"] = () => new TestLayer().Directory("d").HardLink("evil", "d"),
        ["hard link to nothing"] = () => new TestLayer().HardLink("evil", "none"),
        ["hard link to a whiteout"] = () => new TestLayer().File(".wh.x").HardLink("evil", "x"),
        ["character device"] = () => new TestLayer().Add(new TarEntry { Name = "null", Type = '3' }),
        ["block device"] = () => new TestLayer().Add(new TarEntry { Name = "disk", Type = '4' }),
        ["pipe"] = () => new TestLayer().Add(new TarEntry { Name = "pipe", Type = '6' }),
        ["unknown type"] = () => new TestLayer().Add(new TarEntry { Name = "what", Type = 'Z' }),
        ["file twice"] = () => new TestLayer().File("a", "1").File("./a", "2"),
        ["file over a directory"] = () => new TestLayer().Directory("a").File("a", "2"),
        ["below a file"] = () => new TestLayer().File("a", "1").File("a/b", "2"),
        ["root as a file"] = () => new TestLayer().Add(new TarEntry { Name = ".", Type = '0' }),
        ["root as a symbolic link"] = () => new TestLayer().Symlink(".", "/tmp"),
        ["whiteout of the parent"] = () => new TestLayer().File(".wh..."),
        ["whiteout with content"] = () => new TestLayer().File(".wh.a", "x"),
        ["whiteout as a directory"] = () => new TestLayer().Directory(".wh.a"),
        ["long name"] = () => new TestLayer().File(new string('a', 256), "x"),
        ["long path"] = () => new TestLayer().File(string.Concat(Enumerable.Repeat(new string('a', 200) + "/", 25)) + "x"),
        ["deep path"] = () => new TestLayer().File(string.Concat(Enumerable.Repeat("a/", 200)) + "x"),
        ["empty symbolic link"] = () => new TestLayer().Symlink("a", ""),
    };

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData((64L << 30) + 1)]
    public void Size_above_the_limit_of_a_layer_is_refused(long size) =>
        Assert.Throws<InvalidDataException>(() => TarHeader.Size(size));

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task Extract_Hostile_IsRefusedAndNothingIsWrittenOutside(string attack)
    {
        var root = _temporary.Make("root");
        await File.WriteAllTextAsync(_temporary["secret"], "secret", TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<AhoyException>(() => Layers[attack]().ExtractAsync(root));

        Assert.Equal(ErrorCode.UnsafeArchive, error.Code);
        Assert.Equal(["root", "secret"], Directory.GetFileSystemEntries(_temporary.Path).Select(Path.GetFileName).Order());
        Assert.Equal(1u, FileStatus.Of(_temporary["secret"]).Links);
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task Check_Hostile_IsRefusedLikeExtraction(string attack) =>
        Assert.Equal(ErrorCode.UnsafeArchive, (await Assert.ThrowsAsync<AhoyException>(() => Layers[attack]().CheckAsync())).Code);

    [Fact]
    public async Task Check_CompressionBomb_IsRefusedBeforeItIsUnpacked()
    {
        // 1 GiB of zeros in one file: within the size limit, but a thousand times its compressed size.
        const int gzipMemberZeros = 64 << 20;
        var header = new byte[512];
        var entry = new TarEntry { Name = "zeros", Type = '0', Size = 1L << 30 };
        await new TarWriter(new MemoryStream(header)).WriteAsync(entry, null, TestContext.Current.CancellationToken);
        var member = TestLayer.Gzip(new byte[gzipMemberZeros]);
        var bomb = new MemoryStream();
        bomb.Write(TestLayer.Gzip(header));
        for (var i = 0; i < (1L << 30) / gzipMemberZeros; i++)
            bomb.Write(member);
        var bytes = bomb.ToArray();

        var error = await Assert.ThrowsAsync<AhoyException>(() =>
            LayerArchive.CheckAsync(new MemoryStream(bytes), TestLayer.Describe(bytes, MediaTypes.LayerGzip), TestContext.Current.CancellationToken));

        Assert.Equal(ErrorCode.UnsafeArchive, error.Code);
        Assert.Contains("times its size", error.Message);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(600)]
    [InlineData(1024)]
    public async Task Check_Truncated_IsInvalid(int keep) => await AssertInvalidAsync(new TestLayer().File("a", "text").Bytes()[..keep]);

    [Fact]
    public async Task Check_SomethingAfterTheEnd_IsInvalid() =>
        await AssertInvalidAsync(new TestLayer { Trailer = Encoding.ASCII.GetBytes("garbage") }.File("a", "text").Bytes());

    [Fact]
    public async Task Check_NoTarAtAll_IsInvalid() => await AssertInvalidAsync(Enumerable.Repeat((byte)'x', 2000).ToArray());

    [Fact]
    public async Task Check_ExtendedHeaderOfGigabytes_IsRefusedWithoutReservingMemory()
    {
        var header = new byte[512];
        await new TarWriter(new MemoryStream(header)).WriteAsync(new TarEntry { Name = "pax", Type = 'x', Size = 2_000_000_000 }, null, TestContext.Current.CancellationToken);
        var before = GC.GetTotalAllocatedBytes();

        await AssertInvalidAsync(header);

        Assert.True(GC.GetTotalAllocatedBytes() - before < 100_000_000);
    }

    [Fact]
    public async Task Check_NameThatIsNotUtf8_IsInvalid()
    {
        var bytes = new TestLayer().File("abc", "text").Bytes();
        bytes[1] = 0xe4;
        bytes.AsSpan(148, 8).Fill((byte)' ');
        var sum = bytes[..512].Sum(b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0").CopyTo(bytes, 148);

        await AssertInvalidAsync(bytes);
    }

    private static async Task AssertInvalidAsync(byte[] bytes)
    {
        var error = await Assert.ThrowsAsync<AhoyException>(() =>
            LayerArchive.CheckAsync(new MemoryStream(bytes), TestLayer.Describe(bytes), TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.InvalidImage, error.Code);
    }
}
