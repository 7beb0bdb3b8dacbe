using Ahoy.Contracts;
using Ahoy.Images.Layers;
using Ahoy.Images.Oci;
using ZstdSharp;

namespace Ahoy.Tests.Images;

public sealed class LayerArchiveTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();
    private readonly string _root;

    public LayerArchiveTests() => _root = _temporary.Make("root");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Extract_FilesLinksAndDirectories_AreThereWithModesAndTimes()
    {
        await new TestLayer().Directory("./").Directory("./bin/", 0x168).File("./bin/run", "#!/bin/sh\n", 0x1ed)
            .Symlink("./link", "bin/run").HardLink("./hard", "./bin/run").File("made/up/parent", "x").ExtractAsync(_root);

        Assert.Equal("#!/bin/sh\n", await File.ReadAllTextAsync(Path.Combine(_root, "hard")));
        Assert.Equal("bin/run", new FileInfo(Path.Combine(_root, "link")).LinkTarget);
        Assert.True(File.GetUnixFileMode(Path.Combine(_root, "bin/run")).HasFlag(UnixFileMode.OtherExecute));
        Assert.Equal(2u, FileStatus.Of(Path.Combine(_root, "hard")).Links);
        Assert.Equal(1000, FileStatus.Of(Path.Combine(_root, "bin/run")).ModifiedSeconds);
        Assert.Equal(2000, FileStatus.Of(Path.Combine(_root, "bin")).ModifiedSeconds);
        Assert.Equal(3000, FileStatus.Of(Path.Combine(_root, "link")).ModifiedSeconds);
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(_root, "made/up/parent")));
    }

    [Fact]
    public async Task Extract_Compressed_GivesTheDigestOfTheUncompressedLayer()
    {
        var plain = new TestLayer().File("a", "text").Bytes();
        using var compressor = new Compressor();

        var fromGzip = await TestLayer.ExtractAsync(TestLayer.Gzip(plain), MediaTypes.LayerGzip, _root);
        var fromZstd = await TestLayer.ExtractAsync(compressor.Wrap(plain).ToArray(), MediaTypes.LayerZstd, _temporary.Make("zstd"));

        Assert.Equal(Digest.Of(plain), fromGzip);
        Assert.Equal(Digest.Of(plain), fromZstd);
        Assert.Equal("text", await File.ReadAllTextAsync(_temporary["zstd/a"]));
    }

    [Fact]
    public async Task Extract_Whiteouts_BecomeOverlayfsDevices()
    {
        await new TestLayer().File("etc/.wh.old").Directory("opt").File("opt/.wh..wh..opq").ExtractAsync(_root);

        Assert.True(FileStatus.Of(Path.Combine(_root, "etc/old")).IsWhiteout);
        var value = new byte[8];
        Assert.Equal(1, Posix.GetAttribute(Path.Combine(_root, "opt"), FileOwners.OfThisProcess().OpaqueAttribute, value, 8));
        Assert.Equal((byte)'y', value[0]);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "opt")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Extract_WhiteoutAndNewDirectoryOfTheSameName_HidesWhatWasBelowAndKeepsTheNew(bool whiteoutFirst)
    {
        var layer = whiteoutFirst
            ? new TestLayer().File(".wh.d").File("d/new", "n")
            : new TestLayer().File("d/new", "n").File(".wh.d");

        await layer.ExtractAsync(_root);

        Assert.Equal("n", await File.ReadAllTextAsync(Path.Combine(_root, "d/new")));
        Assert.Equal(1, Posix.GetAttribute(Path.Combine(_root, "d"), FileOwners.OfThisProcess().OpaqueAttribute, new byte[8], 8));
    }

    [Fact]
    public async Task Extract_SetUserBit_OnlyWithTheOwnerKept()
    {
        await new TestLayer().File("su", "x", 0x9ed, user: 7).ExtractAsync(_root);

        var status = FileStatus.Of(Path.Combine(_root, "su"));
        var keeps = FileOwners.OfThisProcess().Keep;
        Assert.Equal(keeps ? 0x9edu : 0x1edu, status.Permissions);
        Assert.Equal(keeps ? 7u : Posix.EffectiveUser(), status.User);
    }

    [Fact]
    public async Task Extract_BytesThatWereTamperedWith_SayDigestMismatch()
    {
        var bytes = TestLayer.Gzip(new TestLayer().File("a", new string('x', 5000)).Bytes());
        var layer = TestLayer.Describe(bytes, MediaTypes.LayerGzip);
        bytes[bytes.Length / 2] ^= 0xff;

        var error = await Assert.ThrowsAsync<AhoyException>(() => LayerArchive.ExtractAsync(new MemoryStream(bytes), layer, _root, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.DigestMismatch, error.Code);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Extract_AnotherSizeThanAnnounced_SaysDigestMismatch(int difference)
    {
        var bytes = new TestLayer().File("a", "text").Bytes();
        var layer = TestLayer.Describe(bytes) with { Size = bytes.Length + difference };

        var error = await Assert.ThrowsAsync<AhoyException>(() => LayerArchive.ExtractAsync(new MemoryStream(bytes), layer, _root, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.DigestMismatch, error.Code);
    }

    [Theory]
    [InlineData(0, 4294967295L, true, true)]
    [InlineData(0, 1L, false, false)]
    [InlineData(0, 65536L, true, false)]
    [InlineData(1000, 4294967295L, false, false)]
    public void FileOwners_ReadsWhoWeAre(uint user, long ids, bool keep, bool realRoot)
    {
        var owners = FileOwners.Read(user, $"         0       1000          1\n         1     100000 {ids - 1}\n");
        Assert.Equal(new FileOwners(keep, realRoot), owners);
    }
}
