namespace Ahoy.Images.Capture.Scripts;

/// <summary>A logical line: brackets and backslashes joined, comments gone.</summary>
/// <param name="Indent">Columns before its first token, a tab going to the next multiple of 8.</param>
/// <param name="Number">Of its first physical line, from 1.</param>
internal sealed record PythonLine(int Indent, int Number, IReadOnlyList<PythonToken> Tokens);
