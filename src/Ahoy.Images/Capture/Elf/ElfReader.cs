using System.Buffers.Binary;
using Ahoy.Contracts;

namespace Ahoy.Images.Capture.Elf;

/// <summary>
/// Reads the headers and the dynamic section of ELF files. Files may be hostile: every offset is checked against the file's length and every loop is bounded.
/// Layouts: System V gABI chapters 4 and 5, and for symbol versions the LSB core specification, "Symbol Versioning".
/// </summary>
public static class ElfReader
{
    private const int LoadSegment = 1, DynamicSegment = 2, InterpreterSegment = 3;
    private const int MostDynamicEntries = 1 << 16;

    private static ReadOnlySpan<byte> Magic => [0x7f, (byte)'E', (byte)'L', (byte)'F'];

    public static bool IsElf(string hostPath)
    {
        using var file = File.OpenRead(hostPath);
        Span<byte> start = stackalloc byte[4];
        return file.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4 && start.SequenceEqual(Magic);
    }

    /// <exception cref="AhoyException"><see cref="ErrorCode.NotSupported"/> for 32-bit and big-endian files, <see cref="ErrorCode.InvalidRequest"/> for damaged ones.</exception>
    public static ElfFile Read(string hostPath)
    {
        using var file = File.OpenRead(hostPath);
        return Read(file, hostPath);
    }

    /// <param name="file">A stream that can seek.</param>
    /// <param name="name">What to call it in error messages.</param>
    /// <exception cref="AhoyException">As for <see cref="Read(string)"/>.</exception>
    public static ElfFile Read(Stream file, string name)
    {
        var bytes = new ElfBytes(file, name);
        var header = bytes.Read(0, 64, "the file header");
        if (!header.AsSpan(0, 4).SequenceEqual(Magic))
            throw new AhoyException(ErrorCode.InvalidRequest, $"{name} is no ELF file.");
        if (header[4] != 2)
            throw new AhoyException(ErrorCode.NotSupported, $"{name} is a 32-bit ELF file. Only 64-bit programs can be captured: compile it for 64 bits, or leave it out.");
        if (header[5] != 1)
            throw new AhoyException(ErrorCode.NotSupported, $"{name} is a big-endian ELF file. Only little-endian programs can be captured.");

        var segments = Segments(bytes, header);
        var result = new ElfFile
        {
            Type = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(16)),
            Machine = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(18)),
        };
        foreach (var segment in segments)
        {
            if (segment.Type == InterpreterSegment)
                result = result with { Interpreter = bytes.String(segment.Offset, segment.FileSize, "the interpreter's name") };
        }

        var dynamic = segments.FirstOrDefault(segment => segment.Type == DynamicSegment);
        return dynamic is null ? result : new DynamicSection(bytes, segments, DynamicEntries(bytes, dynamic)).AddTo(result);
    }

    private static List<ElfSegment> Segments(ElfBytes bytes, byte[] header)
    {
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(54));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56));
        if (count == 0)
            return [];
        if (size < 56)
            throw bytes.Damaged($"its program headers have {size} bytes each instead of 56");
        var table = bytes.Read(offset, (ulong)size * (ulong)count, "the program headers");
        var segments = new List<ElfSegment>(count);
        for (var i = 0; i < count; i++)
        {
            var entry = table.AsSpan(i * size);
            segments.Add(new ElfSegment(
                BinaryPrimitives.ReadUInt32LittleEndian(entry),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[32..])));
        }

        return segments;
    }

    private static List<(long Tag, ulong Value)> DynamicEntries(ElfBytes bytes, ElfSegment dynamic)
    {
        var count = dynamic.FileSize / 16;
        if (count > MostDynamicEntries)
            throw bytes.Damaged($"its dynamic section claims {count} entries");
        var table = bytes.Read(dynamic.Offset, count * 16, "the dynamic section");
        var entries = new List<(long, ulong)>();
        for (var at = 0; at < table.Length; at += 16)
        {
            var tag = BinaryPrimitives.ReadInt64LittleEndian(table.AsSpan(at));
            if (tag == 0)
                break;
            entries.Add((tag, BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(at + 8))));
        }

        return entries;
    }

    /// <summary>Translates an address of the loaded program into an offset in the file.</summary>
    internal static ulong? FileOffset(IReadOnlyList<ElfSegment> segments, ulong address)
    {
        foreach (var segment in segments)
        {
            if (segment.Type == LoadSegment && address >= segment.Address && address - segment.Address < segment.FileSize)
                return segment.Offset + (address - segment.Address);
        }

        return null;
    }
}
