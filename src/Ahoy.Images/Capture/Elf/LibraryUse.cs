namespace Ahoy.Images.Capture.Elf;

/// <summary>One DT_NEEDED entry and what the dynamic linker makes of it.</summary>
public sealed record LibraryUse
{
    /// <summary>Path of the object that needs it, as the linker knows it.</summary>
    public required string RequestedBy { get; init; }
    /// <summary>The name that is asked for: "libgsl.so.27".</summary>
    public required string Name { get; init; }
    /// <summary>Where it was found, as the linker opens it (its last name may be a symbolic link); null when nowhere.</summary>
    public string? Path { get; init; }
    public LibrarySource? Source { get; init; }
    /// <summary>True when the directory was written relative to the asking object ($ORIGIN).</summary>
    public bool RelativeToOrigin { get; init; }
    /// <summary>When not found: the directories that were searched, in order.</summary>
    public IReadOnlyList<string> Searched { get; init; } = [];
}
