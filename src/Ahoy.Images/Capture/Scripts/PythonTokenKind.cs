namespace Ahoy.Images.Capture.Scripts;

internal enum PythonTokenKind
{
    Name,
    /// <summary>The text between the quotes; escapes are left as written.</summary>
    Text,
    /// <summary>A number, or one character of punctuation.</summary>
    Other,
}
