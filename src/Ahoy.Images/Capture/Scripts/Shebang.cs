using System.Text;

namespace Ahoy.Images.Capture.Scripts;

/// <summary>
/// The first line of a script (execve(2), "Interpreter scripts"): "#!interpreter [one argument]".
/// For "#!/usr/bin/env prog", "env -S prog args" and "env A=B prog" <see cref="Command"/> is the program that env(1) looks up on PATH.
/// </summary>
public sealed record Shebang
{
    /// <summary>The kernel reads this many bytes (BINPRM_BUF_SIZE).</summary>
    private const int LongestLine = 256;

    /// <summary>The path after "#!"; empty for an interpreter that is looked up on PATH without env(1).</summary>
    public required string Interpreter { get; init; }
    /// <summary>What env starts; null when the interpreter is not env.</summary>
    public string? Command { get; init; }

    /// <summary>The name of the language's program, without directory: "python3", "sh".</summary>
    public string Name => Path.GetFileName(Command ?? Interpreter);

    /// <summary>For a script that a command line hands to its interpreter: "python3 script.py".</summary>
    /// <param name="program">An absolute path, or a name that is looked up on PATH.</param>
    public static Shebang Of(string program) =>
        program.Contains('/', StringComparison.Ordinal) ? new Shebang { Interpreter = program } : new Shebang { Interpreter = "", Command = program };

    /// <summary>Null when the file does not begin with "#!" and a path.</summary>
    public static Shebang? Read(string hostPath)
    {
        using var file = File.OpenRead(hostPath);
        var start = new byte[LongestLine];
        var count = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return Parse(Encoding.UTF8.GetString(start, 0, count));
    }

    public static Shebang? Parse(string text)
    {
        if (!text.StartsWith("#!", StringComparison.Ordinal))
            return null;
        var line = text[2..].Split('\n')[0].Trim(' ', '\t', '\r');
        var end = line.IndexOfAny([' ', '\t']);
        var interpreter = end < 0 ? line : line[..end];
        if (!interpreter.StartsWith('/'))
            return null;
        var shebang = new Shebang { Interpreter = interpreter };
        return Path.GetFileName(interpreter) == "env" && end > 0 ? shebang with { Command = EnvCommand(line[end..]) } : shebang;
    }

    private static string? EnvCommand(string argument)
    {
        var words = argument.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        foreach (var word in words)
        {
            if (word.StartsWith("-S", StringComparison.Ordinal) && word.Length > 2)
                return word[2..];
            if (!word.StartsWith('-') && !word.Contains('=', StringComparison.Ordinal))
                return word;
        }

        return null;
    }
}
