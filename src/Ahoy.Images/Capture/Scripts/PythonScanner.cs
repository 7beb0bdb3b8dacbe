namespace Ahoy.Images.Capture.Scripts;

/// <summary>
/// Finds the imports of a Python source (The Python Language Reference, 7.11) without running it: at module level, in functions, in try and if statements,
/// and import_module("name") or __import__("name") with a name in quotes. Imports under "if TYPE_CHECKING:" never run and are left out.
/// </summary>
public sealed class PythonScanner
{
    private static readonly HashSet<string> BlockWords = ["try", "if", "elif", "else", "except", "finally", "with", "for", "while", "def", "class", "async", "match", "case"];
    private static readonly HashSet<string> Catching = ["ImportError", "ModuleNotFoundError", "Exception", "BaseException"];
    private static readonly HashSet<string> PlatformTests = ["platform", "version_info", "hexversion", "PY2", "PY3", "implementation"];

    private readonly List<PythonImport> _imports = [];
    private readonly Stack<Block> _blocks = new();
    private readonly HashSet<int> _caught = [];
    private readonly HashSet<int> _inFunctions = [];
    private int _tries;

    private PythonScanner()
    {
    }

    public static IReadOnlyList<PythonImport> Scan(string source)
    {
        var scanner = new PythonScanner();
        foreach (var line in PythonTokenizer.Lines(source))
        {
            scanner.Line(line);
        }

        return [.. scanner._imports.Select(scanner.Settle)];
    }

    // Only at the end is it known which try statements catch ImportError.
    private PythonImport Settle(PythonImport found) =>
        found.Necessity == ImportNecessity.Optional && found.Group > 0 && !_caught.Contains(found.Group)
            ? found with { Necessity = _inFunctions.Contains(found.Group) ? ImportNecessity.Deferred : ImportNecessity.Mandatory, Group = 0 }
            : found;

    private void Line(PythonLine line)
    {
        var first = line.Tokens[0].Value;
        Block? ended = null;
        while (_blocks.TryPeek(out var block) && block.Indent >= line.Indent)
        {
            ended = _blocks.Pop();
        }

        Statement(line.Tokens, line.Indent, line.Number, line.Tokens[0].Kind == PythonTokenKind.Name && first is "except" or "else" or "elif" or "finally" ? ended : null);
    }

    private void Statement(IReadOnlyList<PythonToken> tokens, int indent, int number, Block? continued)
    {
        if (tokens.Count == 0)
            return;
        if (tokens[0].Kind == PythonTokenKind.Name && BlockWords.Contains(tokens[0].Value) && BodyStart(tokens) is { } colon)
        {
            _blocks.Push(Open([.. tokens.Take(colon)], indent, continued));
            Calls(tokens, number);
            // "try: import x" on one line: the rest is the block's body.
            Statement([.. tokens.Skip(colon + 1)], indent + 1, number, null);
            return;
        }

        Calls(tokens, number);
        foreach (var statement in Split(tokens, ";"))
        {
            if (statement[0].Is("import"))
                Import(statement, number);
            else if (statement[0].Is("from"))
                FromImport(statement, number);
        }
    }

    private Block Open(List<PythonToken> head, int indent, Block? continued)
    {
        switch (head[0].Value)
        {
            case "try":
                _tries++;
                if (_blocks.Any(block => block.Kind == BlockKind.Function))
                    _inFunctions.Add(_tries);
                return new Block(indent, BlockKind.Try, _tries);
            case "except" when continued is { Group: > 0 }:
                if (head.Count > 1 && !head.Exists(token => Catching.Contains(token.Value)))
                    return new Block(indent, BlockKind.Other, continued.Group);
                _caught.Add(continued.Group);
                return new Block(indent, BlockKind.Handler, continued.Group);
            case "def":
            case "async" when head.Exists(token => token.Is("def")):
                return new Block(indent, BlockKind.Function, 0);
            case "if" when head.Exists(token => token.Is("TYPE_CHECKING")) && !head.Exists(token => token.Is("not")):
                return new Block(indent, BlockKind.Never, 0);
            case "if" when head.Exists(token => PlatformTests.Contains(token.Value)) || head.Select(token => token.Value).SkipWhile(word => word != "os").Take(3).SequenceEqual(["os", ".", "name"]):
                return new Block(indent, BlockKind.Platform, 0);
            case "elif" or "else" when continued is { Kind: BlockKind.Platform }:
                return new Block(indent, BlockKind.Platform, 0);
            default:
                return new Block(indent, BlockKind.Other, continued?.Group ?? 0);
        }
    }

    // import a.b as c, d
    private void Import(IReadOnlyList<PythonToken> tokens, int number)
    {
        foreach (var part in Split([.. tokens.Skip(1)], ","))
        {
            var module = string.Concat(part.TakeWhile(token => !token.Is("as")).Select(token => token.Value));
            if (IsDottedName(module))
                Add(new PythonImport { Module = module, Line = number });
        }
    }

    // from ..a.b import (c as d, e)
    private void FromImport(IReadOnlyList<PythonToken> tokens, int number)
    {
        var dots = tokens.Skip(1).TakeWhile(token => token.Is(".")).Count();
        var module = string.Concat(tokens.Skip(1 + dots).TakeWhile(token => !token.Is("import")).Select(token => token.Value));
        var names = tokens.SkipWhile(token => !token.Is("import")).Skip(1).Where(token => !token.Is("(") && !token.Is(")")).ToList();
        if (names.Count == 0 || (module.Length > 0 ? !IsDottedName(module) : dots == 0) || module == "__future__")
            return;
        Add(new PythonImport { Module = module, Level = dots, Line = number, Names = [.. Split(names, ",").Select(part => part[0].Value)] });
    }

    private void Calls(IReadOnlyList<PythonToken> tokens, int number)
    {
        for (var i = 0; i + 3 < tokens.Count; i++)
        {
            if ((tokens[i].Is("import_module") || tokens[i].Is("__import__")) && tokens[i + 1].Is("(") && tokens[i + 2].Kind == PythonTokenKind.Text
                && (tokens[i + 3].Is(")") || tokens[i + 3].Is(",")) && IsDottedName(tokens[i + 2].Value))
                Add(new PythonImport { Module = tokens[i + 2].Value, Line = number, Necessity = ImportNecessity.Deferred });
        }
    }

    private void Add(PythonImport found)
    {
        if (_blocks.Any(block => block.Kind == BlockKind.Never))
            return;
        var guard = _blocks.FirstOrDefault(block => block.Kind is BlockKind.Try or BlockKind.Handler or BlockKind.Platform or BlockKind.Function);
        _imports.Add(guard?.Kind switch
        {
            BlockKind.Try => found with { Necessity = ImportNecessity.Optional, Group = guard.Group },
            BlockKind.Handler => found with { Necessity = ImportNecessity.Fallback, Group = guard.Group },
            BlockKind.Platform => found with { Necessity = ImportNecessity.Optional },
            BlockKind.Function => found with { Necessity = ImportNecessity.Deferred },
            _ => found,
        });
    }

    // The colon that ends a block's head: not one of a slice, dictionary, annotation or lambda.
    private static int? BodyStart(IReadOnlyList<PythonToken> tokens)
    {
        var depth = 0;
        var lambdas = 0;
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            if (token.Is("(") || token.Is("[") || token.Is("{"))
                depth++;
            else if (token.Is(")") || token.Is("]") || token.Is("}"))
                depth--;
            else if (depth == 0 && token.Is("lambda"))
                lambdas++;
            else if (depth == 0 && token.Is(":") && !(i + 1 < tokens.Count && tokens[i + 1].Is("=")) && lambdas-- <= 0)
                return i;
        }

        return null;
    }

    private static IEnumerable<List<PythonToken>> Split(IReadOnlyList<PythonToken> tokens, string separator)
    {
        var part = new List<PythonToken>();
        foreach (var token in tokens)
        {
            if (!token.Is(separator))
            {
                part.Add(token);
                continue;
            }

            if (part.Count > 0)
                yield return part;
            part = [];
        }

        if (part.Count > 0)
            yield return part;
    }

    private static bool IsDottedName(string name) =>
        name.Length > 0 && name.Split('.').All(part => part.Length > 0 && !char.IsDigit(part[0]) && part.All(letter => char.IsLetterOrDigit(letter) || letter == '_'));

    private enum BlockKind
    {
        Other,
        Try,
        Handler,
        Platform,
        Function,
        Never,
    }

    private sealed record Block(int Indent, BlockKind Kind, int Group);
}
