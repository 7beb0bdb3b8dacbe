namespace Ahoy.Images.Capture.Scripts;

/// <summary>One module that a Python source imports.</summary>
public sealed record PythonImport
{
    /// <summary>Dotted name; empty for "from . import x".</summary>
    public required string Module { get; init; }
    /// <summary>Leading dots: 0 is absolute, 1 the own package, 2 its parent.</summary>
    public int Level { get; init; }
    /// <summary>What "from module import …" names: each may be a submodule or a name in the module. "*" stands for all.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];
    public int Line { get; init; }
    public ImportNecessity Necessity { get; init; }
    /// <summary>Numbers the try statement of <see cref="ImportNecessity.Optional"/> and <see cref="ImportNecessity.Fallback"/> imports; else 0.</summary>
    public int Group { get; init; }

    public override string ToString() => $"{new string('.', Level)}{Module}";
}
