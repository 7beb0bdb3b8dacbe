using Ahoy.Images.Capture;
using Ahoy.Images.Capture.Elf;
using Ahoy.Processes;

namespace Ahoy.SystemTests.Capture;

/// <summary>The resolver against the dynamic linker itself, which lists what it would load when LD_TRACE_LOADED_OBJECTS is set (ld.so(8)).</summary>
public sealed class DynamicLinkerTests : IDisposable
{
    private const string A = "int a(void); int a(void) { return 1; }", B = "int a(void); int b(void); int b(void) { return a(); }", Main = "int b(void); int main(void) { return b(); }";

    private readonly CompiledPrograms _programs = new();

    public void Dispose() => _programs.Dispose();

    [Theory]
    [InlineData("-Wl,--disable-new-dtags,-rpath,DIR/lib")]
    [InlineData("-Wl,--enable-new-dtags,-rpath,DIR/lib")]
    [InlineData("-Wl,--disable-new-dtags,-rpath,$ORIGIN/../lib")]
    [InlineData("-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib")]
    [InlineData("-Wl,-rpath,DIR/nowhere:${ORIGIN}/../lib,-z,nodeflib")]
    [InlineData("-Wl,-rpath,DIR/other:DIR/lib")]
    [InlineData("-Wall")]
    public async Task Resolve_SearchPathsOfAProgram_GiveWhatTheLinkerFinds(string option)
    {
        await _programs.CompileAsync("lib/liba.so.1.2", A, "-shared", "-fPIC", "-Wl,-soname,liba.so.1");
        File.CreateSymbolicLink(_programs.Path("lib/liba.so.1"), "liba.so.1.2");
        File.CreateSymbolicLink(_programs.Path("lib/liba.so"), "liba.so.1");
        await _programs.CompileAsync("lib/libb.so", B, "-shared", "-fPIC", "-LDIR/lib", "-la");
        var program = await _programs.CompileAsync("bin/prog", Main, "-LDIR/lib", "-lb", "-Wl,-rpath-link,DIR/lib", option);
        File.CreateSymbolicLink(_programs.Path("link"), "bin/prog");

        await AgreeAsync(program, null);
        await AgreeAsync(_programs.Path("link"), null);
        await AgreeAsync(program, _programs.Path("lib"));
    }

    [Fact]
    public async Task Resolve_ProgramsOfTheSystem_GivesWhatTheLinkerFinds()
    {
        var programs = Directory.EnumerateFiles("/usr/bin").Order(StringComparer.Ordinal)
            .Where(file => new FileInfo(file).LinkTarget is null && (File.GetUnixFileMode(file) & (UnixFileMode.SetUser | UnixFileMode.SetGroup)) == 0 && ElfReader.IsElf(file))
            .Where((_, index) => index % 11 == 0).Take(40).ToList();
        Assert.InRange(programs.Count, 10, 40);
        foreach (var program in programs.Where(program => ElfReader.Read(program).IsDynamic && ElfReader.Read(program).Interpreter is not null))
        {
            await AgreeAsync(program, null);
        }
    }

    private static async Task AgreeAsync(string program, string? libraryPath)
    {
        var answer = await ProgramRunner.TryRunAsync(
            new ProgramCall { Program = program, Environment = new Dictionary<string, string?> { ["LD_TRACE_LOADED_OBJECTS"] = "1", ["LD_LIBRARY_PATH"] = libraryPath } },
            TestContext.Current.CancellationToken);
        var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in answer.Output.Split('\n').Where(line => line.Contains("=>")))
        {
            // "	libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f…)" or "	libx.so => not found"
            var words = line.Trim().Split(' ');
            expected[words[0]] = words[2] == "not" ? "not found" : Real(words[2]);
        }

        Assert.NotEmpty(expected);
        var closure = new LibraryResolver(new RootDirectory("/"), libraryPath).Resolve(program);
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var use in closure.Uses.Where(use => use.Source != LibrarySource.Interpreter))
        {
            found[use.Name] = use.Path is null ? "not found" : Real(use.Path);
        }

        Assert.Equal(expected, found);
        Assert.Empty(closure.MissingVersions);
    }

    private static string Real(string path) => new RootDirectory("/").File(path) ?? path;
}
