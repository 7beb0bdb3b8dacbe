namespace Ahoy.Images.Capture.Scripts;

/// <summary>A simple command of a shell script (POSIX, Shell Command Language, 2.9.1): what is called, and with which words.</summary>
public sealed record ShellCommand(ShellWord Name, IReadOnlyList<ShellWord> Arguments)
{
    /// <summary>It reads another script into this one.</summary>
    public bool IsSource => Name is { Literal: true, Text: "." or "source" };

    /// <summary>The words as written, as far as a sentence bears it.</summary>
    public override string ToString()
    {
        const int Longest = 60;
        var text = string.Join(' ', Arguments.Select(word => word.Raw).Prepend(Name.Raw)).ReplaceLineEndings(" ");
        return text.Length <= Longest ? text : text[..Longest] + " …";
    }
}
