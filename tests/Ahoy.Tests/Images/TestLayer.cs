using System.IO.Compression;
using System.Text;
using Ahoy.Contracts;
using Ahoy.Images.Layers;
using Ahoy.Images.Oci;

namespace Ahoy.Tests.Images;

/// <summary>Puts layers together entry by entry, honest and hostile ones.</summary>
internal sealed class TestLayer
{
    private readonly List<(TarEntry Entry, byte[] Content)> _entries = [];

    public byte[] Trailer { get; set; } = [];

    public TestLayer File(string name, string content = "", uint mode = 0x1a4, uint user = 0) =>
        Add(new TarEntry { Name = name, Type = '0', Mode = mode, User = user, Group = user, Size = Encoding.UTF8.GetByteCount(content), Modified = 1000 }, content);

    public TestLayer Directory(string name, uint mode = 0x1ed) => Add(new TarEntry { Name = name, Type = '5', Mode = mode, Modified = 2000 });

    public TestLayer Symlink(string name, string target) => Add(new TarEntry { Name = name, Type = '2', LinkName = target, Modified = 3000 });

    public TestLayer HardLink(string name, string target) => Add(new TarEntry { Name = name, Type = '1', LinkName = target });

    public TestLayer Add(TarEntry entry, string content = "")
    {
        _entries.Add((entry, Encoding.UTF8.GetBytes(content)));
        return this;
    }

    public byte[] Bytes()
    {
        var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        foreach (var (entry, content) in _entries)
            writer.WriteAsync(entry, entry.Type == '0' ? new MemoryStream(content) : null, CancellationToken.None).GetAwaiter().GetResult();
        writer.FinishAsync(CancellationToken.None).GetAwaiter().GetResult();
        stream.Write(Trailer);
        return stream.ToArray();
    }

    public static byte[] Gzip(byte[] bytes)
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.SmallestSize))
            gzip.Write(bytes);
        return stream.ToArray();
    }

    public static Descriptor Describe(byte[] bytes, string mediaType = MediaTypes.Layer) =>
        new() { MediaType = mediaType, Digest = Digest.Of(bytes), Size = bytes.Length };

    public Task<Digest> ExtractAsync(string directory) => ExtractAsync(Bytes(), MediaTypes.Layer, directory);

    public static Task<Digest> ExtractAsync(byte[] bytes, string mediaType, string directory) =>
        LayerArchive.ExtractAsync(new MemoryStream(bytes), Describe(bytes, mediaType), directory, TestContext.Current.CancellationToken);

    public Task<Digest> CheckAsync()
    {
        var bytes = Bytes();
        return LayerArchive.CheckAsync(new MemoryStream(bytes), Describe(bytes), TestContext.Current.CancellationToken);
    }
}
