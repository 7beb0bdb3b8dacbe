namespace Ahoy.Images.Capture.Elf;

/// <summary>A program or library in the order in which the dynamic linker loads them.</summary>
public sealed record LoadedObject
{
    /// <summary>As the linker opens it.</summary>
    public required string Path { get; init; }
    /// <summary>Without symbolic links.</summary>
    public required string File { get; init; }
    public required ElfFile Elf { get; init; }
    /// <summary>The object that asked for it first; null for the program.</summary>
    public LoadedObject? Loader { get; init; }
    /// <summary>What $ORIGIN stands for.</summary>
    public required string Origin { get; init; }
    internal HashSet<string> Names { get; } = new(StringComparer.Ordinal);
}
