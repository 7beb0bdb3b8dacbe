using System.Text;

namespace Ahoy.Images.Capture.Scripts;

/// <summary>Words: quotes, expansions, substitutions.</summary>
public sealed partial class ShellScanner
{
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
                    literal = false;
                    Expansion();
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
                literal = false;
                Expansion();
            }
            else
            {
                word.Append(_text[_at++]);
            }
        }

        _at = Math.Min(_at + 1, _text.Length);
        return literal;
    }

    private void Expansion()
    {
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
            _at++;
        }
    }

    private void Inner(string script)
    {
        if (_depth >= DeepestSubstitution)
            return;
        var inner = new ShellScanner(script, _depth + 1);
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
