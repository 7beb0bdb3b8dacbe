namespace Ahoy.Images.Capture.Scripts;

internal readonly record struct PythonToken(PythonTokenKind Kind, string Value)
{
    public bool Is(string value) => Kind != PythonTokenKind.Text && Value == value;
}
