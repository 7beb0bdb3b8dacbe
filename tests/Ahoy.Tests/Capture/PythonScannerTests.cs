using Ahoy.Images.Capture.Scripts;

namespace Ahoy.Tests.Capture;

public sealed class PythonScannerTests
{
    private static string Describe(PythonImport import) =>
        $"{import}{(import.Names.Count > 0 ? $":{string.Join(',', import.Names)}" : "")}{import.Necessity switch { ImportNecessity.Optional => "?", ImportNecessity.Fallback => "|", ImportNecessity.Deferred => "~", _ => "" }}";

    [Theory]
    [InlineData("import a.b as c, d", "a.b d")]
    [InlineData("from . import x", ".:x")]
    [InlineData("from ..p.q import x as y, z", "..p.q:x,z")]
    [InlineData("from a import (b,  # why\n   c as d,\n)", "a:b,c")]
    [InlineData("from a import *", "a:*")]
    [InlineData("import a; import b", "a b")]
    [InlineData("import a, \\\n  b", "a b")]
    [InlineData("x = '''\nimport no\n'''\nimport yes", "yes")]
    [InlineData("x = \"import no\" # import no\nimport yes", "yes")]
    [InlineData("x = 'it''s \\' import no'\nimport yes", "yes")]
    [InlineData("x = r'\\\\'\nimport yes", "yes")]
    [InlineData("x = rb\"\"\"\nimport no\n\"\"\"; import yes", "yes")]
    [InlineData("x = 'never closed\nimport yes", "yes")]
    [InlineData("x = (1,\nimport_ , 2)\nimport yes", "yes")]
    [InlineData("from __future__ import annotations", "")]
    [InlineData("def f():\n    import a", "a~")]
    [InlineData("async def f():\n    import a", "a~")]
    [InlineData("class C:\n    import a", "a")]
    [InlineData("try:\n    import a\nexcept ImportError:\n    import b as a\nimport c", "a? b| c")]
    [InlineData("try:\n    import a\nexcept (ValueError, ModuleNotFoundError) as e:\n    a = None", "a?")]
    [InlineData("try:\n    import a\nexcept:\n    pass", "a?")]
    [InlineData("try:\n    import a\nexcept ValueError:\n    pass", "a")]
    [InlineData("try:\n    import a\nfinally:\n    pass", "a")]
    [InlineData("try: import a\nexcept ImportError: import b", "a? b|")]
    [InlineData("try:\n    if x:\n        import a\nexcept ImportError:\n    pass", "a?")]
    [InlineData("def f():\n    try:\n        import a\n    except ValueError:\n        pass", "a~")]
    [InlineData("if TYPE_CHECKING:\n    import a\nelse:\n    import b", "b")]
    [InlineData("if sys.platform == 'win32':\n    import winreg\nelse:\n    import fcntl", "winreg? fcntl?")]
    [InlineData("if os.name == 'nt':\n    import msvcrt", "msvcrt?")]
    [InlineData("if x: import a\nelse: import b", "a b")]
    [InlineData("m = importlib.import_module('a.b')\nn = __import__(\"c\")\no = import_module(name)", "a.b~ c~")]
    [InlineData("f = lambda: 1\nimport a", "a")]
    [InlineData("\uFEFFimport a\r\nimport b\r\n", "a b")]
    [InlineData("importing = 1\nfrom_ = 2\nyield_from = x", "")]
    public void Scan_Source_FindsItsImports(string source, string imports) =>
        Assert.Equal(imports, string.Join(' ', PythonScanner.Scan(source).Select(Describe)));

    [Fact]
    public void Scan_Line_IsTheStatementsOwn() =>
        Assert.Equal(5, PythonScanner.Scan("'''\n\n'''\n# c\nimport a").Single().Line);

    [Fact]
    public void Scan_AnyBytes_NeverFails()
    {
        const string Alphabet = "'\"\\\n\t (){}:;#ift=,.import from try except";
        for (var seed = 0; seed < 5_000; seed++)
        {
            var random = new Random(seed);
            var source = string.Concat(Enumerable.Range(0, 60).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            Assert.NotNull(PythonScanner.Scan(source));
            Assert.NotNull(ShellScanner.Scan(source));
        }
    }
}
