using System.Text;
using Ahoy.Contracts;

namespace Ahoy.Images.Capture.Elf;

/// <summary>Checked reading of a file whose offsets can't be trusted.</summary>
internal sealed class ElfBytes(Stream file, string name)
{
    /// <summary>More than any name in a dynamic section has; a search path may be long.</summary>
    private const int LongestString = 64 * 1024;
    private const int LargestTable = 64 * 1024 * 1024;

    private readonly ulong _length = (ulong)file.Length;

    public byte[] Read(ulong offset, ulong length, string what)
    {
        if (offset > _length || length > _length - offset || length > LargestTable)
            throw Damaged($"{what} ({length} bytes at {offset}) lies outside its {_length} bytes");
        var bytes = new byte[length];
        file.Position = (long)offset;
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The string up to its NUL, which must come within <paramref name="limit"/> bytes.</summary>
    public string String(ulong offset, ulong limit, string what)
    {
        if (offset >= _length)
            throw Damaged($"{what} (at {offset}) lies outside its {_length} bytes");
        var available = Math.Min(Math.Min(limit, _length - offset), LongestString);
        var text = new List<byte>();
        var chunk = new byte[256];
        file.Position = (long)offset;
        while ((ulong)text.Count < available)
        {
            var count = file.Read(chunk, 0, (int)Math.Min((ulong)chunk.Length, available - (ulong)text.Count));
            if (count == 0)
                break;
            var end = Array.IndexOf(chunk, (byte)0, 0, count);
            text.AddRange(chunk.AsSpan(0, end < 0 ? count : end));
            if (end >= 0)
                return Encoding.UTF8.GetString([.. text]);
        }

        throw Damaged($"{what} (at {offset}) has no end");
    }

    public AhoyException Damaged(string why) => new(ErrorCode.InvalidRequest, $"{name} is a damaged ELF file: {why}.");
}
