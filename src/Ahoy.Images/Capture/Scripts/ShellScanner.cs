using System.Text;

namespace Ahoy.Images.Capture.Scripts;

/// <summary>
/// Finds the programs that a shell script calls: the literal words in command position (POSIX, Shell Command Language, 2.9), without builtins, keywords,
/// and the script's own functions. Words that the shell would first have to expand ("$PROG") can't be known. It never fails; it may overlook a command.
/// </summary>
public sealed partial class ShellScanner
{
    private const int DeepestSubstitution = 16;

    private static readonly HashSet<string> Keywords = ["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "time"];

    private static readonly HashSet<string> BuiltIns =
    [
        ":", ".", "[", "[[", "alias", "bg", "bind", "break", "builtin", "caller", "cd", "compgen", "complete", "compopt", "continue", "coproc", "declare", "dirs",
        "disown", "echo", "enable", "esac", "eval", "exit", "export", "false", "fc", "fg", "function", "getopts", "hash", "help", "history", "in", "jobs", "kill",
        "let", "local", "logout", "mapfile", "popd", "printf", "pushd", "pwd", "read", "readarray", "readonly", "return", "select", "set", "shift", "shopt",
        "source", "suspend", "test", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait",
    ];

    /// <summary>Programs whose first argument is a program again.</summary>
    private static readonly HashSet<string> Prefixes = ["exec", "command", "nohup", "env", "nice", "xargs", "setsid", "stdbuf"];

    private readonly HashSet<string> _functions = new(StringComparer.Ordinal);
    private readonly List<string> _commands = [];
    private readonly Queue<(string End, bool Indented)> _hereDocuments = new();
    private readonly int _depth;
    private readonly string _text;
    private int _at;
    private bool _command = true;
    private int _cases;
    private bool _pattern;

    private ShellScanner(string text, int depth)
    {
        _text = text;
        _depth = depth;
    }

    /// <summary>The command words in the order of the script, each once.</summary>
    public static IReadOnlyList<string> Scan(string script)
    {
        var scanner = new ShellScanner(script.Replace("\\\n", " ", StringComparison.Ordinal), 0);
        scanner.Read();
        return [.. scanner._commands.Where(command => !scanner._functions.Contains(command)).Distinct(StringComparer.Ordinal)];
    }

    private void Read()
    {
        while (_at < _text.Length)
        {
            var character = _text[_at];
            switch (character)
            {
                case '\n':
                    _at++;
                    SkipHereDocuments();
                    _command = true;
                    break;
                case ' ' or '\t' or '\r':
                    _at++;
                    break;
                case '#':
                    SkipLine();
                    break;
                case ';' or '&' or '|':
                    Separator(character);
                    break;
                case '(':
                    _at++;
                    _command = !_pattern;
                    break;
                case ')':
                    _at++;
                    _command = true;
                    _pattern = false;
                    break;
                case '<' or '>':
                    Redirection();
                    break;
                default:
                    Word();
                    break;
            }
        }
    }

    private void Separator(char character)
    {
        // ";;" ends a branch of case, and a pattern follows.
        if (character == ';' && Peek(1) == ';' && _cases > 0)
            _pattern = true;
        if (character == '|' && _pattern)
        {
            _at++;
            return;
        }

        while (_at < _text.Length && _text[_at] is ';' or '&' or '|')
        {
            _at++;
            if (_at >= _text.Length)
                break;
        }

        _command = true;
    }

    private void Redirection()
    {
        var here = _text[_at] == '<' && Peek(1) == '<' && Peek(2) != '<';
        var indented = here && Peek(2) == '-';
        if (_text[_at] is '<' or '>' && Peek(1) == '(')
        {
            // Process substitution: <(command)
            _at += 2;
            _command = true;
            return;
        }

        while (_at < _text.Length && (_text[_at] is '<' or '>' or '&' or '|' || (indented && _text[_at] == '-')))
        {
            _at++;
        }

        SkipBlanks();
        var (word, _) = ReadWord();
        if (here)
            _hereDocuments.Enqueue((word, indented));
    }

    private void Word()
    {
        var (word, literal) = ReadWord();
        // The file descriptor of "2> file".
        if (Peek(0) is '<' or '>' && word.All(char.IsDigit))
            return;
        if (_pattern)
        {
            if (word == "esac")
            {
                _pattern = false;
                _cases = Math.Max(0, _cases - 1);
            }

            return;
        }

        if (literal && _command && IsFunctionHead())
        {
            _functions.Add(word);
            return;
        }

        if (!_command)
            return;
        if (!literal)
        {
            // "A=$(x) program": what an assignment starts with is known even when its value is not.
            _command = IsAssignment(word);
            return;
        }

        Command(word);
    }

    private void Command(string word)
    {
        switch (word)
        {
            case "case":
                // "case WORD in": the patterns begin after "in".
                SkipBlanks();
                _ = ReadWord();
                SkipWhite();
                if (ReadWord().Word == "in")
                {
                    _cases++;
                    _pattern = true;
                }

                return;
            case "for" or "select":
                SkipUntilSeparator();
                return;
            case "function":
                SkipBlanks();
                _functions.Add(ReadWord().Word);
                return;
            case "esac":
                _cases = Math.Max(0, _cases - 1);
                return;
        }

        if (Keywords.Contains(word) || IsAssignment(word))
            return;
        if (Prefixes.Contains(word))
        {
            if (word is not ("exec" or "command"))
                _commands.Add(word);
            SkipOptions();
            return;
        }

        _command = false;
        if (!BuiltIns.Contains(word) && IsProgramName(word))
            _commands.Add(word);
    }

    // A word with its quotes removed; literal when nothing in it needs expansion. Commands in $(…), `…` and "…$(…)…" are scanned on the way.
    private void SkipHereDocuments()
    {
        while (_hereDocuments.TryDequeue(out var document))
        {
            while (_at < _text.Length)
            {
                var end = _text.IndexOf('\n', _at);
                end = end < 0 ? _text.Length : end;
                var line = _text[_at..end];
                _at = Math.Min(end + 1, _text.Length);
                if ((document.Indented ? line.TrimStart('\t') : line) == document.End)
                    break;
            }
        }
    }

    private void SkipOptions()
    {
        SkipBlanks();
        while (Peek(0) == '-')
        {
            _ = ReadWord();
            SkipBlanks();
        }
    }

    private void SkipUntilSeparator()
    {
        while (_at < _text.Length && _text[_at] is not ('\n' or ';'))
        {
            if (_text[_at] is '$' or '`')
                Expansion();
            else
                _at++;
        }
    }

    // "name ()" — the position stays behind the brackets when they are there.
    private bool IsFunctionHead()
    {
        var before = _at;
        SkipBlanks();
        if (Peek(0) == '(')
        {
            _at++;
            SkipBlanks();
            if (Peek(0) == ')')
            {
                _at++;
                return true;
            }
        }

        _at = before;
        return false;
    }

    private void SkipLine()
    {
        while (_at < _text.Length && _text[_at] != '\n')
        {
            _at++;
        }
    }

    private void SkipBlanks()
    {
        while (Peek(0) is ' ' or '\t')
        {
            _at++;
        }
    }

    private void SkipWhite()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }

    private char Peek(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private static bool IsAssignment(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && word[..equals].TrimEnd('+').All(letter => char.IsLetterOrDigit(letter) || letter is '_' or '[' or ']');
    }

    private static bool IsProgramName(string word) =>
        word.Length > 0 && !char.IsDigit(word[0]) && word.All(letter => char.IsLetterOrDigit(letter) || letter is '_' or '-' or '.' or '/' or '+' or '~');
}
