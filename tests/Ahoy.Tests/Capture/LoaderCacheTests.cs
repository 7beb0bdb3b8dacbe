using System.Text;
using Ahoy.Images.Capture.Elf;

namespace Ahoy.Tests.Capture;

public sealed class LoaderCacheTests
{
    /// <summary>As ldconfig writes it (glibc's struct cache_file_new and file_entry_new).</summary>
    public static byte[] Cache(params (string Name, string Path, ulong Capabilities)[] entries)
    {
        var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("glibc-ld.so.cache1.1"u8);
        writer.Write(entries.Length);
        writer.Write(0);
        writer.Write(new byte[20]);
        var strings = new MemoryStream();
        var at = 48 + (entries.Length * 24);
        foreach (var (name, path, capabilities) in entries)
        {
            writer.Write(0x0303);
            writer.Write(at + (int)strings.Length);
            strings.Write(Encoding.UTF8.GetBytes(name + "\0"));
            writer.Write(at + (int)strings.Length);
            strings.Write(Encoding.UTF8.GetBytes(path + "\0"));
            writer.Write(0);
            writer.Write(capabilities);
        }

        writer.Write(strings.ToArray());
        return file.ToArray();
    }

    [Fact]
    public void Parse_NewFormat_FindsPathsInOrderWithoutThoseOfOneProcessor()
    {
        var cache = LoaderCache.Parse(Cache(("liba.so.1", "/hw/liba.so.1", 1UL << 62), ("liba.so.1", "/one/liba.so.1", 0), ("liba.so.1", "/two/liba.so.1", 0)))!;
        Assert.Equal(["/one/liba.so.1", "/two/liba.so.1"], cache.Find("liba.so.1"));
        Assert.Empty(cache.Find("libb.so.1"));
    }

    [Fact]
    public void Parse_NewFormatBehindOldOne_IsFound()
    {
        // One old entry of 12 bytes, padded to 32 in all.
        byte[] old = [.. "ld.so-1.7.0\0"u8, 1, 0, 0, 0, .. new byte[12], .. new byte[4]];
        var cache = LoaderCache.Parse([.. old, .. Cache(("liba.so.1", "/one/liba.so.1", 0))])!;
        Assert.Equal(["/one/liba.so.1"], cache.Find("liba.so.1"));
    }

    [Fact]
    public void Parse_CutAnywhere_IsNoCacheRatherThanAnError()
    {
        var bytes = Cache(("liba.so.1", "/one/liba.so.1", 0));
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(LoaderCache.Parse(bytes.AsSpan(0, length)));
        }
    }
}
