namespace Ahoy.Images.Capture.Elf;

/// <summary>What the dynamic linker reads of a 64-bit ELF file (System V gABI, chapters 4 and 5; ld.so(8)).</summary>
public sealed record ElfFile
{
    /// <summary>e_type: 2 a program at a fixed address, 3 a shared object or position-independent program.</summary>
    public required ushort Type { get; init; }
    /// <summary>e_machine: 62 is x86-64, 183 is AArch64.</summary>
    public required ushort Machine { get; init; }
    /// <summary>False for static programs, object files and core dumps.</summary>
    public bool IsDynamic { get; init; }
    /// <summary>PT_INTERP: the dynamic linker's path.</summary>
    public string? Interpreter { get; init; }
    public string? Soname { get; init; }
    /// <summary>DT_NEEDED, in the file's order.</summary>
    public IReadOnlyList<string> Needed { get; init; } = [];
    /// <summary>DT_RPATH as written; null when there is a RUNPATH, which makes the linker ignore it.</summary>
    public string? Rpath { get; init; }
    public string? Runpath { get; init; }
    /// <summary>DF_1_NODEFLIB: the linker leaves out the default directories for this object's libraries.</summary>
    public bool NoDefaultDirectories { get; init; }
    /// <summary>True when its symbols name dlopen(3): it may load libraries that no header tells of.</summary>
    public bool OpensLibraries { get; init; }
    public IReadOnlyList<VersionNeed> VersionNeeds { get; init; } = [];
    /// <summary>Names of the symbol versions that this object defines; empty for libraries without versions.</summary>
    public IReadOnlySet<string> VersionDefinitions { get; init; } = new HashSet<string>();
}
