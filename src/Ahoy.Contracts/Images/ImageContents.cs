namespace Ahoy.Contracts.Images;

/// <summary>What an image's root holds, as far as finding dependencies needs it. Computed once per manifest by the master.</summary>
public sealed record ImageContents
{
    /// <summary>ID of os-release ("debian"); null when the image has none.</summary>
    public string? OsId { get; init; }
    /// <summary>VERSION_ID of os-release ("12").</summary>
    public string? OsVersion { get; init; }
    /// <summary>PRETTY_NAME of os-release.</summary>
    public string? OsName { get; init; }
    /// <summary>Installed Debian packages, by name, with their versions.</summary>
    public required IReadOnlyDictionary<string, string> Packages { get; init; }
    /// <summary>Absolute paths of all files and symbolic links, sorted by ordinal. Symbolic links to directories (/lib → usr/lib) stand in <see cref="DirectoryLinks"/>.</summary>
    public required IReadOnlyList<string> Files { get; init; }
    /// <summary>Absolute path of each top-level symbolic link that leads to a directory, with its target as written ("/lib" → "usr/lib").</summary>
    public required IReadOnlyDictionary<string, string> DirectoryLinks { get; init; }
}
