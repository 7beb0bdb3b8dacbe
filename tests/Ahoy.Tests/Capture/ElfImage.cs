using System.Buffers.Binary;
using System.Text;

namespace Ahoy.Tests.Capture;

/// <summary>Writes the smallest ELF files that a dynamic linker's eyes can tell from real ones: headers, PT_INTERP, PT_DYNAMIC, symbol versions; no code.</summary>
public sealed record ElfImage
{
    private const int HeaderSize = 64, SegmentSize = 56;

    public ushort Machine { get; init; } = 62;
    public string? Interpreter { get; init; }
    public string? Soname { get; init; }
    public string[] Needed { get; init; } = [];
    public string? Rpath { get; init; }
    public string? Runpath { get; init; }
    public (string Library, string Version)[] VersionNeeds { get; init; } = [];
    public string[] VersionDefinitions { get; init; } = [];

    public byte[] Bytes()
    {
        var strings = new MemoryStream();
        strings.WriteByte(0);
        uint Text(string value)
        {
            var at = (uint)strings.Position;
            strings.Write(Encoding.UTF8.GetBytes(value));
            strings.WriteByte(0);
            return at;
        }

        var dynamic = new List<(long Tag, ulong Value)>();
        dynamic.AddRange(Needed.Select(name => (1L, (ulong)Text(name))));
        if (Soname is not null)
            dynamic.Add((14, Text(Soname)));
        if (Rpath is not null)
            dynamic.Add((15, Text(Rpath)));
        if (Runpath is not null)
            dynamic.Add((29, Text(Runpath)));

        var needs = new MemoryStream();
        foreach (var (library, version) in VersionNeeds)
        {
            Words(needs, 1 | (1u << 16), Text(library), 16, 32);
            Words(needs, 0, 0, Text(version), 0);
        }

        var definitions = new MemoryStream();
        foreach (var version in VersionDefinitions)
        {
            Words(definitions, 1, 1u << 16, 0, 20, 28);
            Words(definitions, Text(version), 0);
        }

        var segments = Interpreter is null ? 2 : 3;
        var interpreterAt = HeaderSize + (segments * SegmentSize);
        var interpreter = Interpreter is null ? [] : Encoding.UTF8.GetBytes(Interpreter + "\0");
        var stringsAt = interpreterAt + interpreter.Length;
        var needsAt = stringsAt + (int)strings.Length;
        var definitionsAt = needsAt + (int)needs.Length;
        var dynamicAt = definitionsAt + (int)definitions.Length;
        dynamic.AddRange([(5, (ulong)stringsAt), (10, (ulong)strings.Length)]);
        if (VersionNeeds.Length > 0)
            dynamic.AddRange([(0x6ffffffe, (ulong)needsAt), (0x6fffffff, (ulong)VersionNeeds.Length)]);
        if (VersionDefinitions.Length > 0)
            dynamic.AddRange([(0x6ffffffc, (ulong)definitionsAt), (0x6ffffffd, (ulong)VersionDefinitions.Length)]);
        dynamic.Add((0, 0));
        var length = dynamicAt + (dynamic.Count * 16);

        var file = new MemoryStream();
        file.Write([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        Words(file, 3u | ((uint)Machine << 16), 1, 0, 0, HeaderSize, 0, 0, 0, 0, (uint)HeaderSize | ((uint)SegmentSize << 16), (uint)segments, 0);
        Segment(file, 1, 0, length);
        Segment(file, 2, dynamicAt, dynamic.Count * 16);
        if (Interpreter is not null)
            Segment(file, 3, interpreterAt, interpreter.Length);
        file.Write(interpreter);
        file.Write(strings.ToArray());
        file.Write(needs.ToArray());
        file.Write(definitions.ToArray());
        foreach (var (tag, value) in dynamic)
        {
            Words(file, (uint)tag, 0, (uint)value, 0);
        }

        return file.ToArray();
    }

    private static void Segment(Stream file, uint type, int offset, int size) =>
        Words(file, type, 4, (uint)offset, 0, (uint)offset, 0, (uint)offset, 0, (uint)size, 0, (uint)size, 0, 8, 0);

    private static void Words(Stream file, params uint[] words)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var word in words)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, word);
            file.Write(bytes);
        }
    }
}
