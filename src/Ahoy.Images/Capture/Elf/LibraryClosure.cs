namespace Ahoy.Images.Capture.Elf;

/// <summary>All that the dynamic linker loads for one program, in its order.</summary>
public sealed record LibraryClosure
{
    /// <summary>The program first, each library once.</summary>
    public required IReadOnlyList<LoadedObject> Objects { get; init; }
    /// <summary>Every DT_NEEDED entry of every object.</summary>
    public required IReadOnlyList<LibraryUse> Uses { get; init; }
    /// <summary>PT_INTERP of the program, when it exists in the root.</summary>
    public string? Interpreter { get; init; }
    /// <summary>Versions that a found library does not define although a loaded object needs them.</summary>
    public required IReadOnlyList<MissingVersion> MissingVersions { get; init; }
}
