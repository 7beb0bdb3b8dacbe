namespace Ahoy.Images.Capture.Scripts;

/// <param name="By">Path of the source that imports it.</param>
/// <param name="Import">The import statement.</param>
/// <param name="Needed">False when the program is prepared to do without it, or needs it in a function only.</param>
internal sealed record MissingModule(string By, PythonImport Import, bool Needed);
