namespace Ahoy.Images.Capture.Scripts;

/// <summary>A word of a shell script.</summary>
/// <param name="Text">Without its quotes; expansions are left out.</param>
/// <param name="Raw">As written.</param>
/// <param name="Literal">False when the shell has to expand something in it first, so that <paramref name="Text"/> is not what the program gets.</param>
public sealed record ShellWord(string Text, string Raw, bool Literal);
