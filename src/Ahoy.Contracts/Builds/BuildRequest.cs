namespace Ahoy.Contracts.Builds;

/// <summary>Asks the master for an application image. File contents are uploaded as blobs first.</summary>
public sealed record BuildRequest
{
    public required string Name { get; init; }
    /// <summary>Name of a base image, or of an application image of the user's.</summary>
    public required string Base { get; init; }
    /// <summary>Names of packages for the base's package manager.</summary>
    public IReadOnlyList<string> Packages { get; set; } = [];
    /// <summary>What capture found outside packages: libraries, interpreters.</summary>
    public IReadOnlyList<BuildFile> Dependencies { get; set; } = [];
    /// <summary>What the user named.</summary>
    public IReadOnlyList<BuildFile> Files { get; set; } = [];
    /// <summary>Program and arguments to start when a job names none; empty: the wrapper is the default.</summary>
    public IReadOnlyList<string> Entrypoint { get; set; } = [];
    /// <summary>Absolute paths in the image of the programs that must be able to load all that they need.</summary>
    public IReadOnlyList<string> Programs { get; set; } = [];
}
