using System.Buffers.Binary;
using System.Text;

namespace Ahoy.Images.Capture.Elf;

/// <summary>
/// /etc/ld.so.cache in glibc's format 1.1 (struct cache_file_new in glibc's sysdeps/generic/dl-cache.h), also where it follows the old format in one file.
/// Entries for particular processors (glibc-hwcaps) are left out: the program may run on another machine than this one.
/// </summary>
public sealed class LoaderCache
{
    private const int HeaderSize = 48, EntrySize = 24, OldHeaderSize = 16, OldEntrySize = 12;

    private readonly Dictionary<string, List<string>> _paths = new(StringComparer.Ordinal);

    private LoaderCache()
    {
    }

    private static ReadOnlySpan<byte> Magic => "glibc-ld.so.cache1.1"u8;

    private static ReadOnlySpan<byte> OldMagic => "ld.so-1.7.0\0"u8;

    public int Count => _paths.Count;

    /// <summary>Null when the bytes are no such cache or are damaged: the dynamic linker then ignores the file, and so must its imitation.</summary>
    public static LoaderCache? Parse(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith(OldMagic) && file.Length >= OldHeaderSize)
        {
            var old = OldHeaderSize + ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(file[12..]) * OldEntrySize);
            var start = (old + 7) & ~7UL;
            if (start >= (ulong)file.Length)
                return null;
            file = file[(int)start..];
        }

        if (!file.StartsWith(Magic) || file.Length < HeaderSize)
            return null;
        var count = BinaryPrimitives.ReadUInt32LittleEndian(file[20..]);
        if (count > (file.Length - HeaderSize) / EntrySize)
            return null;
        var cache = new LoaderCache();
        for (var i = 0; i < count; i++)
        {
            var entry = file.Slice(HeaderSize + (i * EntrySize), EntrySize);
            if (BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]) != 0)
                continue;
            if (Text(file, BinaryPrimitives.ReadUInt32LittleEndian(entry[4..])) is not { } name
                || Text(file, BinaryPrimitives.ReadUInt32LittleEndian(entry[8..])) is not { } path)
                return null;
            if (!cache._paths.TryGetValue(name, out var paths))
                cache._paths[name] = paths = [];
            paths.Add(path);
        }

        return cache;
    }

    /// <summary>Where the cache says the library is, of all architectures, in its order.</summary>
    public IReadOnlyList<string> Find(string name) => _paths.TryGetValue(name, out var paths) ? paths : [];

    private static string? Text(ReadOnlySpan<byte> file, uint offset)
    {
        if (offset >= file.Length)
            return null;
        var rest = file[(int)offset..];
        var end = rest.IndexOf((byte)0);
        return end < 0 ? null : Encoding.UTF8.GetString(rest[..end]);
    }
}
