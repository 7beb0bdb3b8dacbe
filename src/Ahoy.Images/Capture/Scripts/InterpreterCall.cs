namespace Ahoy.Images.Capture.Scripts;

/// <summary>The command line of an interpreter: which of its words is the script.</summary>
/// <param name="Script">The first operand; null when there is none.</param>
/// <param name="Inline">The program text after -c of a shell.</param>
/// <param name="Other">The option that takes a program from elsewhere (-m, -e …): what it needs is not known.</param>
public sealed record InterpreterCall(ShellWord? Script, ShellWord? Inline, string? Other)
{
    private static readonly HashSet<string> Shells = ["sh", "bash", "dash", "ksh", "mksh", "zsh", "ash"];

    /// <summary>Options whose value is the next word, and (in capitals of the manual pages) those that bring the program itself.</summary>
    private static readonly Dictionary<string, (string[] WithValue, string[] Program)> Options = new(StringComparer.Ordinal)
    {
        ["shell"] = (["-o", "+o", "-O", "+O", "--rcfile", "--init-file"], ["-c", "-s"]),
        ["python"] = (["-W", "-X", "--check-hash-based-pycs"], ["-c", "-m", "-"]),
        ["perl"] = ([], ["-e", "-E", "-"]),
        ["ruby"] = (["-I", "-r", "-C"], ["-e", "-"]),
        ["Rscript"] = ([], ["-e"]),
        ["node"] = (["-r", "--require"], ["-e", "-p", "--eval", "-"]),
        ["php"] = (["-d", "-c"], ["-r"]),
        ["julia"] = ([], ["-e", "-E"]),
        ["lua"] = (["-l"], ["-e", "-"]),
    };

    public static bool IsShell(string name) => Shells.Contains(name);

    /// <summary>Null when that program is no interpreter that is known here.</summary>
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">The words after it.</param>
    public static InterpreterCall? Of(string program, IReadOnlyList<ShellWord> arguments)
    {
        var name = Path.GetFileName(program);
        // python3.11, perl5.36, lua5.4
        var language = Shells.Contains(name) ? "shell" : name.TrimEnd("0123456789.".ToCharArray());
        if (!Options.TryGetValue(language, out var options))
            return null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var word = arguments[i].Text;
            if (!arguments[i].Literal || word.Length == 0 || (word[0] is not '-' && !(language == "shell" && word[0] is '+')))
                return new InterpreterCall(arguments[i], null, null);
            if (word == "--")
                return new InterpreterCall(arguments.ElementAtOrDefault(i + 1), null, null);
            // "bash -ec TEXT": a shell's short options may stand together.
            if (language == "shell" && word[0] is '-' && !word.StartsWith("--", StringComparison.Ordinal) && word.Contains('c', StringComparison.Ordinal))
                return new InterpreterCall(null, arguments.ElementAtOrDefault(i + 1), null);
            if (options.Program.Contains(word))
                return new InterpreterCall(null, null, word);
            if (options.WithValue.Contains(word))
                i++;
        }

        return new InterpreterCall(null, null, null);
    }
}
