using System.Text;

namespace Ahoy.Images.Capture.Scripts;

/// <summary>
/// Finds what a shell script calls: the words in command position (POSIX, Shell Command Language, 2.9) with their arguments, without builtins and keywords.
/// It never fails; it may overlook a command.
/// </summary>
public sealed partial class ShellScanner
{
    /// <summary>Stands in words for the directory in which the script lies.</summary>
    public const char OwnDirectory = '\u0001';

    private const int DeepestSubstitution = 16;

    private static readonly HashSet<string> Keywords = ["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "time"];

    private static readonly HashSet<string> BuiltIns =
    [
        ":", "[", "[[", "alias", "bg", "bind", "break", "builtin", "caller", "cd", "compgen", "complete", "compopt", "continue", "coproc", "declare", "dirs",
        "disown", "echo", "enable", "esac", "exit", "export", "false", "fc", "fg", "function", "getopts", "hash", "help", "history", "in", "jobs", "kill",
        "let", "local", "logout", "mapfile", "popd", "printf", "pushd", "pwd", "read", "readarray", "readonly", "return", "select", "set", "shift", "shopt",
        "suspend", "test", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait",
    ];

    /// <summary>Programs whose first argument is a program again.</summary>
    private static readonly HashSet<string> Prefixes = ["exec", "command", "nohup", "env", "nice", "xargs", "setsid", "stdbuf", "timeout", "mpirun", "mpiexec", "srun"];

    private readonly HashSet<string> _functions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ownDirectories = new(StringComparer.Ordinal);
    private readonly List<ShellCommand> _commands = [];
    private readonly Queue<(string End, bool Indented)> _hereDocuments = new();
    private readonly int _depth;
    private readonly string _text;
    private int _at;
    private bool _command = true;
    private List<ShellWord>? _arguments;
    private int _cases;
    private bool _pattern;

    private ShellScanner(string text, int depth)
    {
        _text = text;
        _depth = depth;
    }

    public static ShellScript Scan(string script)
    {
        var scanner = new ShellScanner(script.Replace("\\\n", " ", StringComparison.Ordinal), 0);
        scanner.Read();
        return new ShellScript(scanner._commands, scanner._functions);
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
                    Begin(command: true);
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
                case '(' when Peek(1) == '(' && _command && !_pattern:
                    // An arithmetic command: ((i++))
                    _at = Math.Min(Closing(_at, '(', ')') + 1, _text.Length);
                    Begin(command: false);
                    break;
                case '(':
                    _at++;
                    Begin(command: !_pattern);
                    break;
                case ')':
                    _at++;
                    Begin(command: true);
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

        Begin(command: true);
    }

    private void Begin(bool command)
    {
        _command = command;
        _arguments = null;
    }

    private void Redirection()
    {
        var here = _text[_at] == '<' && Peek(1) == '<' && Peek(2) != '<';
        var indented = here && Peek(2) == '-';
        if (_text[_at] is '<' or '>' && Peek(1) == '(')
        {
            // Process substitution: <(command)
            _at += 2;
            Begin(command: true);
            return;
        }

        while (_at < _text.Length && (_text[_at] is '<' or '>' or '&' or '|' || (indented && _text[_at] == '-')))
        {
            _at++;
        }

        SkipBlanks();
        var word = ReadWord().Text;
        if (here)
            _hereDocuments.Enqueue((word, indented));
    }

    private void Word()
    {
        var word = ReadWord();
        // HERE=$(dirname "$0"), also after export or local.
        if (word.Literal && word.Text.EndsWith(OwnDirectory) && IsAssignment(word.Text) && word.Text.IndexOf('=', StringComparison.Ordinal) == word.Text.Length - 2)
            _ownDirectories.Add(word.Text[..^2]);
        // The file descriptor of "2> file".
        if (Peek(0) is '<' or '>' && word.Text.All(char.IsDigit) && word.Literal)
            return;
        if (_pattern)
        {
            if (word.Text == "esac")
            {
                _pattern = false;
                _cases = Math.Max(0, _cases - 1);
            }

            return;
        }

        if (word.Literal && _command && IsFunctionHead())
            _functions.Add(word.Text);
        else if (!_command)
            _arguments?.Add(word);
        else if (IsAssignment(word.Text))
            SkipArray();
        else if (!word.Literal)
            Emit(word);
        else
            Command(word);
    }

    private void Emit(ShellWord name)
    {
        _command = false;
        _arguments = [];
        _commands.Add(new ShellCommand(name, _arguments));
    }

    // A=(one two): the position stays before the bracket when there is none.
    private void SkipArray()
    {
        if (Peek(0) == '(')
            _at = Math.Min(Closing(_at, '(', ')') + 1, _text.Length);
    }

    private void Command(ShellWord name)
    {
        var word = name.Text;
        switch (word)
        {
            case "case":
                // "case WORD in": the patterns begin after "in".
                SkipBlanks();
                _ = ReadWord();
                SkipWhite();
                if (ReadWord().Text == "in")
                {
                    _cases++;
                    _pattern = true;
                }

                return;
            case "for" or "select":
                SkipBlanks();
                // for ((i=0; i<3; i++))
                if (Peek(0) == '(')
                    _at = Math.Min(Closing(_at, '(', ')') + 1, _text.Length);
                SkipUntilSeparator();
                return;
            case "[[":
                SkipTest();
                return;
            case "function":
                SkipBlanks();
                _functions.Add(ReadWord().Text);
                return;
            case "esac":
                _cases = Math.Max(0, _cases - 1);
                return;
        }

        if (Keywords.Contains(word))
            return;
        if (Prefixes.Contains(word))
        {
            if (word is not ("exec" or "command"))
                _commands.Add(new ShellCommand(name, []));
            SkipOptions();
        }
        else if (!BuiltIns.Contains(word) && IsProgramName(word))
        {
            Emit(name);
        }
        else
        {
            Begin(command: false);
        }
    }

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

    // With their values, as far as these are numbers: "nice -n 5 prog", "timeout 10s prog".
    private void SkipOptions()
    {
        SkipBlanks();
        while (Peek(0) == '-' || char.IsAsciiDigit(Peek(0)))
        {
            _ = ReadWord();
            SkipBlanks();
        }
    }

    // [[ … ]]: "&&", "||" and brackets in it are no shell operators.
    private void SkipTest()
    {
        do
        {
            SkipWhite();
        }
        while (_at < _text.Length && ReadWord().Raw != "]]");
        Begin(command: false);
    }

    private void SkipUntilSeparator()
    {
        while (_at < _text.Length && _text[_at] is not ('\n' or ';'))
        {
            if (_text[_at] is '$' or '`')
                Expansion(new StringBuilder());
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
        word.Length > 0 && !char.IsDigit(word[0]) && word[0] != '-' && word.All(letter => char.IsLetterOrDigit(letter) || letter is '_' or '-' or '.' or '/' or '+' or '~' or OwnDirectory);
}
