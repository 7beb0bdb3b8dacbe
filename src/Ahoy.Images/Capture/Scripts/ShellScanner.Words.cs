using System.Text;
using System.Text.RegularExpressions;

namespace Ahoy.Images.Capture.Scripts;

/// <summary>Words: quotes, expansions, substitutions.</summary>
public sealed partial class ShellScanner
{
    private const string Self = """(\$0|\$\{0\}|\$BASH_SOURCE|\$\{BASH_SOURCE(\[0\])?\})""";
    private const string OwnPlace = """(\$\(\s*dirname\s+(--\s+)?(""" + Self + """|\$\((readlink\s+-f|realpath)\s+""" + Self + """\))\s*\)|\$\{(0|BASH_SOURCE(\[0\])?)%/\*\})""";

    // The usual ways to say "where this script lies", without their quotes.
    [GeneratedRegex("^(" + OwnPlace + """|\$\(\s*cd\s+(-P\s+)?(--\s+)?""" + OwnPlace + """(\s*&?>\s*/dev/null(\s+2>&1)?)?\s*(&&|;)\s*pwd(\s+-P)?\s*\))$""")]
    private static partial Regex OwnDirectoryExpansion { get; }

    // Commands in $(…), `…` and "…$(…)…" are scanned on the way.
    private ShellWord ReadWord()
    {
        var word = new StringBuilder();
        var literal = true;
        var start = _at;
        while (_at < _text.Length)
        {
            var character = _text[_at];
            if (char.IsWhiteSpace(character) || (character is ';' or '&' or '|' or '<' or '>' or '(' or ')' && _at > start) || (_at == start && character is '(' or ')' or ';' or '&' or '|'))
                break;
            switch (character)
            {
                case '\'':
                    var end = _text.IndexOf('\'', _at + 1);
                    end = end < 0 ? _text.Length : end;
                    word.Append(_text, _at + 1, end - _at - 1);
                    _at = Math.Min(end + 1, _text.Length);
                    break;
                case '"':
                    literal &= Quoted(word);
                    break;
                case '\\':
                    word.Append(Peek(1));
                    _at = Math.Min(_at + 2, _text.Length);
                    break;
                case '$' or '`':
                    literal &= Expansion(word);
                    break;
                case '*' or '?':
                    literal = false;
                    word.Append(character);
                    _at++;
                    break;
                default:
                    word.Append(character);
                    _at++;
                    break;
            }
        }

        if (_at == start)
            _at++;
        return new ShellWord(word.ToString(), _text[start..Math.Min(_at, _text.Length)], literal);
    }

    private bool Quoted(StringBuilder word)
    {
        var literal = true;
        _at++;
        while (_at < _text.Length && _text[_at] != '"')
        {
            if (_text[_at] == '\\')
            {
                word.Append(Peek(1));
                _at = Math.Min(_at + 2, _text.Length);
            }
            else if (_text[_at] is '$' or '`')
            {
                literal &= Expansion(word);
            }
            else
            {
                word.Append(_text[_at++]);
            }
        }

        _at = Math.Min(_at + 1, _text.Length);
        return literal;
    }

    /// <returns>True when it stands for the script's own directory, for which <see cref="OwnDirectory"/> is put into the word.</returns>
    private bool Expansion(StringBuilder word)
    {
        var start = _at;
        if (_text[_at] == '`')
        {
            var end = _text.IndexOf('`', _at + 1);
            end = end < 0 ? _text.Length : end;
            Inner(_text[(_at + 1)..end]);
            _at = Math.Min(end + 1, _text.Length);
        }
        else if (Peek(1) == '(' && Peek(2) != '(')
        {
            var end = Closing(_at + 1, '(', ')');
            Inner(_text[(_at + 2)..end]);
            _at = Math.Min(end + 1, _text.Length);
        }
        else if (Peek(1) is '{' or '(')
        {
            _at = Math.Min(Closing(_at + 1, Peek(1), Peek(1) == '{' ? '}' : ')') + 1, _text.Length);
        }
        else
        {
            for (_at++; char.IsAsciiLetterOrDigit(Peek(0)) || Peek(0) == '_'; _at++)
            {
            }
        }

        if (!IsOwnDirectory(_text[start.._at]))
            return false;
        word.Append(OwnDirectory);
        return true;
    }

    private bool IsOwnDirectory(string expansion) =>
        _ownDirectories.Contains(expansion.Trim('$', '{', '}')) || OwnDirectoryExpansion.IsMatch(expansion.Replace("\"", "", StringComparison.Ordinal));

    private void Inner(string script)
    {
        if (_depth >= DeepestSubstitution)
            return;
        var inner = new ShellScanner(script, _depth + 1);
        inner._ownDirectories.UnionWith(_ownDirectories);
        inner.Read();
        _commands.AddRange(inner._commands);
        _functions.UnionWith(inner._functions);
    }

    private int Closing(int open, char opening, char closing)
    {
        var depth = 0;
        for (var i = open; i < _text.Length; i++)
        {
            if (_text[i] == '\\')
                i++;
            else if (_text[i] == opening)
                depth++;
            else if (_text[i] == closing && --depth == 0)
                return i;
        }

        return _text.Length;
    }
}
