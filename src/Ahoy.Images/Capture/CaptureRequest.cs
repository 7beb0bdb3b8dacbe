using Ahoy.Contracts.Images;

namespace Ahoy.Images.Capture;

/// <summary>Asks what programs need to run elsewhere.</summary>
public sealed record CaptureRequest
{
    /// <summary>Programs, or directories of which all programs are meant; relative ones are below the working directory, plain names that are no files are looked up on PATH.</summary>
    public required IReadOnlyList<string> Paths { get; init; }
    /// <summary>A command line of the user's, or empty: its program is meant, and when that is an interpreter the script that it is to run.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];
    public required CaptureEnvironment Environment { get; init; }
    /// <summary>What the base image holds. Null: nothing is known of it, and all that would be needed is reported, as for a base of this system's own release.</summary>
    public ImageContents? Base { get; init; }
    /// <summary>What the user named with --add (see <see cref="AddedFiles"/>): it is in the image already, and so are its programs' needs to be met there.</summary>
    public IReadOnlyList<CapturedFile> Added { get; init; } = [];
    /// <summary>Packages that the user named; they are installed in any case, with all that they depend on.</summary>
    public IReadOnlyList<string> Packages { get; init; } = [];
    /// <summary>The file system in which the programs lie and run today.</summary>
    public string Root { get; init; } = "/";
}
