namespace Ahoy.Images.Capture.Scripts;

public enum ImportNecessity
{
    /// <summary>The program can't start without it.</summary>
    Mandatory,
    /// <summary>In a try statement that catches ImportError, or under a test of the platform or version.</summary>
    Optional,
    /// <summary>In the handler of such a try statement: needed when one of the try's own imports is missing.</summary>
    Fallback,
    /// <summary>In a function, or by import_module("name"): only a part of the program needs it.</summary>
    Deferred,
}
