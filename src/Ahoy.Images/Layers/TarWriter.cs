using System.Buffers;
using System.Text;

namespace Ahoy.Images.Layers;

/// <summary>
/// Writes tar archives whose bytes depend on nothing but the entries: ustar headers, and a pax header only for a name that does not fit.
/// System.Formats.Tar adds access times or pax headers to each entry, depending on its format.
/// </summary>
internal sealed class TarWriter(Stream stream)
{
    private const int BlockSize = 512;
    /// <summary>The largest number that the eleven octal digits of the size field hold.</summary>
    private const long MaxOctalSize = (1L << 33) - 1;
    private const uint MaxOctalId = (1 << 21) - 1;

    /// <summary>Writes an entry; of a file, exactly <see cref="TarEntry.Size"/> bytes are taken from <paramref name="content"/>.</summary>
    public async Task WriteAsync(TarEntry entry, Stream? content, CancellationToken cancellationToken)
    {
        var records = Extended(entry);
        if (records.Length > 0)
        {
            var pax = new TarEntry { Name = "pax", Type = 'x', Mode = 0x1a4, Size = records.Length };
            await stream.WriteAsync(Header(pax), cancellationToken);
            await stream.WriteAsync(Padded(records), cancellationToken);
        }

        await stream.WriteAsync(Header(entry), cancellationToken);
        if (content is not null)
            await CopyAsync(entry, content, cancellationToken);
    }

    /// <summary>Ends the archive.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken) =>
        await stream.WriteAsync(new byte[2 * BlockSize], cancellationToken);

    private async Task CopyAsync(TarEntry entry, Stream content, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            var left = entry.Size;
            while (left > 0)
            {
                var read = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancellationToken);
                if (read == 0)
                    throw new InvalidDataException($"{entry.Name} ended {left} bytes before its announced size of {entry.Size} bytes");
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                left -= read;
            }

            await stream.WriteAsync(new byte[(BlockSize - entry.Size % BlockSize) % BlockSize], cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Extended(TarEntry entry)
    {
        var records = new StringBuilder();
        if (Split(entry.Name) is null)
            AddRecord(records, "path", entry.Name);
        if (Encoding.UTF8.GetByteCount(entry.LinkName) > 100)
            AddRecord(records, "linkpath", entry.LinkName);
        if (entry.Size > MaxOctalSize)
            AddRecord(records, "size", entry.Size.ToString());
        if (entry.User > MaxOctalId)
            AddRecord(records, "uid", entry.User.ToString());
        if (entry.Group > MaxOctalId)
            AddRecord(records, "gid", entry.Group.ToString());
        return Encoding.UTF8.GetBytes(records.ToString());
    }

    /// <summary>A record's length counts its own digits.</summary>
    private static void AddRecord(StringBuilder records, string key, string value)
    {
        var rest = Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value) + 3;
        var length = rest + rest.ToString().Length;
        if (length.ToString().Length != rest.ToString().Length)
            length = rest + length.ToString().Length;
        records.Append(length).Append(' ').Append(key).Append('=').Append(value).Append('\n');
    }

    /// <summary>Divides a name into the header's prefix and name fields; null when it does not fit.</summary>
    private static (string Prefix, string Name)? Split(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) <= 100)
            return ("", path);
        // A directory's closing slash is no place to divide.
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0 && slash < path.Length - 1; slash = path.IndexOf('/', slash + 1))
        {
            var (prefix, name) = (path[..slash], path[(slash + 1)..]);
            if (Encoding.UTF8.GetByteCount(prefix) <= 155 && Encoding.UTF8.GetByteCount(name) <= 100)
                return (prefix, name);
        }

        return null;
    }

    private static byte[] Header(TarEntry entry)
    {
        var block = new byte[BlockSize];
        var (prefix, name) = Split(entry.Name) ?? ("", entry.Name);
        PutText(block.AsSpan(0, 100), name);
        PutNumber(block.AsSpan(100, 8), entry.Mode);
        PutNumber(block.AsSpan(108, 8), Math.Min(entry.User, MaxOctalId));
        PutNumber(block.AsSpan(116, 8), Math.Min(entry.Group, MaxOctalId));
        PutNumber(block.AsSpan(124, 12), Math.Min(entry.Size, MaxOctalSize));
        PutNumber(block.AsSpan(136, 12), Math.Max(entry.Modified, 0));
        block[156] = (byte)entry.Type;
        PutText(block.AsSpan(157, 100), entry.LinkName);
        "ustar\0"u8.CopyTo(block.AsSpan(257));
        "00"u8.CopyTo(block.AsSpan(263));
        PutText(block.AsSpan(345, 155), prefix);
        block.AsSpan(148, 8).Fill((byte)' ');
        PutNumber(block.AsSpan(148, 7), block.Sum(b => b));
        return block;
    }

    private static void PutText(Span<byte> field, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        bytes.AsSpan(0, Math.Min(bytes.Length, field.Length)).CopyTo(field);
    }

    private static void PutNumber(Span<byte> field, long value)
    {
        for (var i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }

        field[^1] = 0;
    }

    private static byte[] Padded(byte[] bytes)
    {
        Array.Resize(ref bytes, (bytes.Length + BlockSize - 1) / BlockSize * BlockSize);
        return bytes;
    }
}
