namespace Ahoy.Images.Capture.Scripts;

/// <summary>A module as found on disk.</summary>
/// <param name="Name">Dotted.</param>
/// <param name="Path">Of the file; of the directory for a namespace package.</param>
/// <param name="Directory">The directory of the search path in which its first part was found.</param>
public sealed record PythonModule(string Name, string Path, string Directory, PythonModuleKind Kind);
