namespace Ahoy.Images.Capture.Scripts;

/// <summary>
/// Splits Python source into logical lines of tokens (The Python Language Reference, chapter 2). It never fails: on source that Python itself would
/// refuse it goes on at the next line, so that the imports around a strange place are still found.
/// </summary>
internal sealed class PythonTokenizer
{
    private readonly string _text;
    private int _at;
    private int _line = 1;

    private PythonTokenizer(string text) => _text = text;

    public static IEnumerable<PythonLine> Lines(string source) => new PythonTokenizer(source.TrimStart('\uFEFF')).Read();

    private IEnumerable<PythonLine> Read()
    {
        while (_at < _text.Length)
        {
            var indent = Indent();
            var number = _line;
            var tokens = Tokens();
            if (tokens.Count > 0)
                yield return new PythonLine(indent, number, tokens);
        }
    }

    private int Indent()
    {
        var columns = 0;
        for (; _at < _text.Length && _text[_at] is ' ' or '\t' or '\f'; _at++)
        {
            columns = _text[_at] switch { '\t' => (columns / 8 * 8) + 8, '\f' => 0, _ => columns + 1 };
            if (_at + 1 >= _text.Length)
            {
                _at++;
                break;
            }
        }

        return columns;
    }

    private List<PythonToken> Tokens()
    {
        var tokens = new List<PythonToken>();
        var depth = 0;
        while (_at < _text.Length)
        {
            var character = _text[_at];
            switch (character)
            {
                case '\n':
                    NextLine();
                    if (depth == 0)
                        return tokens;
                    break;
                case '\\' when Peek(1) == '\n' || (Peek(1) == '\r' && Peek(2) == '\n'):
                    _at += Peek(1) == '\n' ? 1 : 2;
                    NextLine();
                    break;
                case '#':
                    SkipToLineEnd();
                    break;
                case '"' or '\'':
                    tokens.Add(Text(raw: false));
                    break;
                case '(' or '[' or '{':
                    depth++;
                    tokens.Add(Punctuation());
                    break;
                case ')' or ']' or '}':
                    depth = Math.Max(0, depth - 1);
                    tokens.Add(Punctuation());
                    break;
                default:
                    if (char.IsWhiteSpace(character))
                        _at++;
                    else if (char.IsLetter(character) || character == '_')
                        tokens.Add(NameOrPrefixedText());
                    else if (char.IsDigit(character))
                        tokens.Add(Number());
                    else
                        tokens.Add(Punctuation());
                    break;
            }
        }

        return tokens;
    }

    private PythonToken NameOrPrefixedText()
    {
        var start = _at;
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] == '_'))
        {
            _at++;
        }

        var name = _text[start.._at];
        var isPrefix = name.Length <= 2 && name.All(letter => "rRbBuUfFtT".Contains(letter, StringComparison.Ordinal));
        return isPrefix && Peek(0) is '"' or '\''
            ? Text(raw: name.Contains('r', StringComparison.OrdinalIgnoreCase))
            : new PythonToken(PythonTokenKind.Name, name);
    }

    // A backslash keeps the following quote from ending the text, in raw texts too.
    private PythonToken Text(bool raw)
    {
        var quote = _text[_at];
        var triple = Peek(1) == quote && Peek(2) == quote;
        _at += triple ? 3 : 1;
        var start = _at;
        while (_at < _text.Length)
        {
            var character = _text[_at];
            if (character == '\\')
            {
                _at++;
                if (Peek(0) == '\n')
                    _line++;
                _at = Math.Min(_at + 1, _text.Length);
            }
            else if (character == quote && (!triple || (Peek(1) == quote && Peek(2) == quote)))
            {
                var value = _text[start.._at];
                _at += triple ? 3 : 1;
                return new PythonToken(PythonTokenKind.Text, raw ? value : value.Replace("\\", "", StringComparison.Ordinal));
            }
            else if (character == '\n')
            {
                // A text in single quotes ends with its line, whatever was meant.
                if (!triple)
                    break;
                NextLine();
            }
            else
            {
                _at++;
            }
        }

        return new PythonToken(PythonTokenKind.Text, _text[start.._at]);
    }

    private PythonToken Number()
    {
        var start = _at;
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] is '.' or '_'))
        {
            _at++;
        }

        return new PythonToken(PythonTokenKind.Other, _text[start.._at]);
    }

    private PythonToken Punctuation() => new(PythonTokenKind.Other, _text[_at++].ToString());

    private void SkipToLineEnd()
    {
        while (_at < _text.Length && _text[_at] != '\n')
        {
            _at++;
        }
    }

    private void NextLine()
    {
        _at++;
        _line++;
    }

    private char Peek(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';
}
