namespace Ahoy.Images.Capture.Scripts;

/// <param name="Module">What was found.</param>
/// <param name="By">Path of the source that imports it.</param>
/// <param name="Import">The import statement.</param>
internal sealed record ImportedModule(PythonModule Module, string By, PythonImport Import);
