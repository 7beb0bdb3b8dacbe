using System.Text.Json.Serialization;

namespace Ahoy.Images.Capture.Elf;

/// <summary>By which rule of ld.so(8) a library was found.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LibrarySource>))]
public enum LibrarySource
{
    /// <summary>DT_NEEDED holds a path.</summary>
    Path,
    Rpath,
    LibraryPath,
    Runpath,
    Cache,
    DefaultDirectory,
    /// <summary>It is the program's interpreter itself.</summary>
    Interpreter,
}
