using System.Buffers.Binary;

namespace Ahoy.Images.Capture.Elf;

/// <summary>The dynamic section's entries turned into names (System V gABI, chapter 5, "Dynamic Section").</summary>
internal sealed class DynamicSection(ElfBytes bytes, IReadOnlyList<ElfSegment> segments, IReadOnlyList<(long Tag, ulong Value)> entries)
{
    private const long Needed = 1, StringTable = 5, StringSize = 10, Soname = 14, Rpath = 15, Runpath = 29;
    private const long Flags1 = 0x6ffffffb, VersionDefinition = 0x6ffffffc, VersionDefinitionCount = 0x6ffffffd, VersionNeeded = 0x6ffffffe, VersionNeededCount = 0x6fffffff;
    private const ulong NoDefaultLibraries = 0x800;
    private const ushort WeakFlag = 2;
    private const int MostVersions = 1 << 16;
    private const int MostStrings = 16 * 1024 * 1024;

    public ElfFile AddTo(ElfFile file)
    {
        var runpath = Value(Runpath);
        return file with
        {
            IsDynamic = true,
            Needed = [.. entries.Where(entry => entry.Tag == Needed).Select(entry => Text(entry.Value))],
            Soname = Value(Soname) is { } soname ? Text(soname) : null,
            Runpath = runpath is { } path ? Text(path) : null,
            Rpath = runpath is null && Value(Rpath) is { } old ? Text(old) : null,
            NoDefaultDirectories = (Value(Flags1).GetValueOrDefault() & NoDefaultLibraries) != 0,
            OpensLibraries = NamesDlopen(),
            VersionNeeds = ReadNeeds(),
            VersionDefinitions = ReadDefinitions(),
        };
    }

    private bool NamesDlopen()
    {
        if (Value(StringTable) is not { } table || Value(StringSize) is not { } size || size > MostStrings)
            return false;
        return bytes.Read(Offset(table, "the dynamic strings"), size, "the dynamic strings").AsSpan().IndexOf("\0dlopen\0"u8) >= 0;
    }

    // Elfxx_Verneed: version, count, file, aux, next; Elfxx_Vernaux: hash, flags, other, name, next.
    private List<VersionNeed> ReadNeeds()
    {
        var needs = new List<VersionNeed>();
        if (Value(VersionNeeded) is not { } address || Value(VersionNeededCount) is not { } count)
            return needs;
        var at = Offset(address, "the version needs");
        for (ulong i = 0; i < count; i++)
        {
            var need = bytes.Read(at, 16, "a version need");
            var library = Text(Word(need, 4));
            var auxiliary = at + Word(need, 8);
            for (int k = 0, versions = BinaryPrimitives.ReadUInt16LittleEndian(need.AsSpan(2)); k < versions; k++)
            {
                var version = bytes.Read(auxiliary, 16, "a needed version");
                var flags = BinaryPrimitives.ReadUInt16LittleEndian(version.AsSpan(4));
                needs.Add(new VersionNeed(library, Text(Word(version, 8)), (flags & WeakFlag) != 0));
                Bound(needs.Count);
                var next = Word(version, 12);
                if (next == 0)
                    break;
                auxiliary += next;
            }

            var following = Word(need, 12);
            if (following == 0)
                break;
            at += following;
            Bound((int)Math.Min(i, int.MaxValue));
        }

        return needs;
    }

    // Elfxx_Verdef: version, flags, ndx, count, hash, aux, next; its first Elfxx_Verdaux (name, next) is the version itself, the others its parents.
    private HashSet<string> ReadDefinitions()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (Value(VersionDefinition) is not { } address || Value(VersionDefinitionCount) is not { } count)
            return names;
        var at = Offset(address, "the version definitions");
        for (ulong i = 0; i < count; i++)
        {
            var definition = bytes.Read(at, 20, "a version definition");
            names.Add(Text(Word(bytes.Read(at + Word(definition, 12), 8, "a version's name"), 0)));
            var next = Word(definition, 16);
            if (next == 0)
                break;
            at += next;
            Bound((int)Math.Min(i, int.MaxValue));
        }

        return names;
    }

    private static uint Word(byte[] record, int at) => BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(at));

    private void Bound(int count)
    {
        if (count > MostVersions)
            throw bytes.Damaged($"it claims more than {MostVersions} symbol versions");
    }

    private ulong? Value(long tag)
    {
        foreach (var entry in entries)
        {
            if (entry.Tag == tag)
                return entry.Value;
        }

        return null;
    }

    private ulong Offset(ulong address, string what) =>
        ElfReader.FileOffset(segments, address) ?? throw bytes.Damaged($"{what} (at address 0x{address:x}) are in no loaded segment");

    private string Text(ulong index)
    {
        var table = Value(StringTable) ?? throw bytes.Damaged("it has no string table");
        var size = Value(StringSize) ?? throw bytes.Damaged("its string table has no size");
        if (index >= size)
            throw bytes.Damaged($"a name at {index} lies outside its string table of {size} bytes");
        return bytes.String(Offset(table, "the dynamic strings") + index, size - index, "a name");
    }
}
