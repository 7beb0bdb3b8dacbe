using System.Buffers.Binary;
using System.Text;

namespace Ahoy.Images.Layers;

/// <summary>The 512 bytes before each entry (POSIX.1-2017 pax, "ustar interchange format"; GNU tar manual, "Basic Tar Format").</summary>
internal static class TarHeader
{
    public static TarEntry Parse(ReadOnlySpan<byte> block, Encoding utf8)
    {
        CheckSum(block);
        var type = block[156] == 0 ? '0' : (char)block[156];
        var name = Text(block[..100], utf8);
        if (block.Slice(257, 6).SequenceEqual("ustar\0"u8) && block[345] != 0)
            name = Text(block.Slice(345, 155), utf8) + "/" + name;
        return new TarEntry
        {
            Name = name,
            Type = type,
            Mode = (uint)(Number(block.Slice(100, 8)) & 0xfff),
            User = Id(Number(block.Slice(108, 8))),
            Group = Id(Number(block.Slice(116, 8))),
            // Links and directories have no content, whatever their header says (Go's isHeaderOnlyType).
            Size = type is >= '1' and <= '6' ? 0 : Size(Number(block.Slice(124, 12))),
            Modified = Number(block.Slice(136, 12)),
            LinkName = Text(block.Slice(157, 100), utf8),
        };
    }

    public static string Text(ReadOnlySpan<byte> bytes, Encoding utf8)
    {
        var end = bytes.IndexOf((byte)0);
        try
        {
            return utf8.GetString(end < 0 ? bytes : bytes[..end]);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"the name \"{Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end])}\" is not UTF-8", e);
        }
    }

    public static uint Id(long value) =>
        value is >= 0 and < uint.MaxValue ? (uint)value : throw new InvalidDataException($"{value} is not a user or group number");

    /// <summary>Within the limit of a whole layer, so that nothing overflows where padding is added.</summary>
    public static long Size(long value) =>
        value is >= 0 and <= LayerReader.MaxUnpacked ? value : throw new InvalidDataException($"an entry claims a size of {value} bytes");

    /// <summary>Octal digits, or (GNU) with the first bit set a big-endian binary number.</summary>
    private static long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
            return Binary(field);
        long value = 0;
        foreach (var c in field.Trim(" \0"u8))
        {
            if (c is < (byte)'0' or > (byte)'7')
                throw new InvalidDataException("a header holds a number that is not octal");
            value = value * 8 + (c - '0');
        }

        return value;
    }

    private static long Binary(ReadOnlySpan<byte> field)
    {
        var negative = field[0] == 0xff;
        var head = field[..^8];
        var low = field.Length > 8 ? BinaryPrimitives.ReadInt64BigEndian(field[^8..]) : 0;
        if (field.Length == 8)
            return BinaryPrimitives.ReadInt64BigEndian(field) & (negative ? -1L : long.MaxValue);
        if (negative ? head.ContainsAnyExcept((byte)0xff) || low >= 0 : head[0] != 0x80 || head[1..].ContainsAnyExcept((byte)0) || low < 0)
            throw new InvalidDataException("a header holds a number that is too large");
        return low;
    }

    private static void CheckSum(ReadOnlySpan<byte> block)
    {
        long sum = 8 * ' ';
        for (var i = 0; i < block.Length; i++)
        {
            if (i is < 148 or >= 156)
                sum += block[i];
        }

        if (Number(block.Slice(148, 8)) != sum)
            throw new InvalidDataException("a header's checksum is wrong: it is not a tar archive, or a damaged one");
    }
}
