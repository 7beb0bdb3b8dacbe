using Ahoy.Images.Capture;
using Ahoy.Images.Capture.Packages;
using Ahoy.Images.Capture.Verification;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Capture;

public sealed class DebianCaptureTests : IDisposable
{
    private readonly CompiledPrograms _programs = new();

    public DebianCaptureTests() => Needs("/usr/bin/dpkg-query", "dpkg is not installed: this is no Debian system");

    public void Dispose() => _programs.Dispose();

    private static void Needs(string file, string reason)
    {
        Require.That(File.Exists(file), reason);
        Assert.SkipUnless(File.Exists(file), reason);
    }

    private Task<CaptureReport> AnalyseAsync(string path) => CaptureAnalysis.AnalyseAsync(
        new CaptureRequest { Paths = [path], Environment = CaptureEnvironment.Current() with { WorkingDirectory = _programs.Directory, LibraryPath = null } },
        TestContext.Current.CancellationToken);

    [Fact]
    public async Task Owner_FilesOfTheSystem_IsWhatDpkgSays()
    {
        var files = Directory.EnumerateFiles("/usr/bin").Concat(Directory.EnumerateFiles("/usr/lib/x86_64-linux-gnu")).Order(StringComparer.Ordinal).Where((_, index) => index % 17 == 0).ToList();
        Assert.True(files.Count > 20);
        // dpkg knows a file by one of its two names on a merged /usr.
        var answer = await ProgramRunner.TryRunAsync(
            new ProgramCall { Program = "dpkg-query", Arguments = ["-S", .. files.SelectMany(file => new[] { file, file[4..] })], Environment = new Dictionary<string, string?> { ["LC_ALL"] = "C" } },
            TestContext.Current.CancellationToken);
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in answer.Output.Split('\n').Where(line => line.Contains(": /") && !line.StartsWith("diversion", StringComparison.Ordinal)))
        {
            var (packages, path) = (line[..line.IndexOf(": /", StringComparison.Ordinal)], line[(line.IndexOf(": /", StringComparison.Ordinal) + 2)..]);
            owners[path.StartsWith("/usr/", StringComparison.Ordinal) ? path : $"/usr{path}"] = packages.Split(',')[0].Split(':')[0];
        }

        Assert.True(owners.Count > 20);
        var database = new DpkgDatabase(new RootDirectory("/"));
        Assert.All(files, file => Assert.Equal(owners.GetValueOrDefault(file), database.Owner(file)));
    }

    [Fact]
    public async Task Analyse_ScriptOfAVirtualEnvironment_TakesItsModulesAndWhatIsInstalledEditable()
    {
        Needs("/usr/bin/python3", "Python is not installed (apt install python3)");
        var venv = Path.Combine(_programs.Directory, "venv");
        var made = await ProgramRunner.TryRunAsync(new ProgramCall { Program = "/usr/bin/python3", Arguments = ["-m", "venv", "--without-pip", venv] }, TestContext.Current.CancellationToken);
        Assert.True(made.ExitCode == 0, made.Error);
        var site = Path.Combine(Assert.Single(Directory.GetDirectories(Path.Combine(venv, "lib"), "python3*")), "site-packages");
        var project = Directory.CreateDirectory(Path.Combine(_programs.Directory, "project/src/editable")).FullName;
        File.WriteAllText(Path.Combine(project, "__init__.py"), "");
        File.WriteAllText(Path.Combine(site, "mylib.py"), "import json\n");
        File.WriteAllText(Path.Combine(site, "editable.pth"), Path.GetDirectoryName(project) + "\n");
        var script = Path.Combine(_programs.Directory, "analyse.py");
        File.WriteAllText(script, $"#!{venv}/bin/python\nimport mylib, editable\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var report = await AnalyseAsync("./analyse.py");

        Assert.Empty(report.Unmet);
        Assert.Equal(["analyse.py"], report.Inputs.Select(input => input.Path));
        foreach (var file in (string[])[$"{venv}/pyvenv.cfg", $"{venv}/bin/python", $"{site}/mylib.py", $"{site}/editable.pth", $"{project}/__init__.py"])
        {
            Assert.Contains(file.TrimStart('/'), report.Files.Select(one => one.Path));
        }

        Assert.DoesNotContain(report.Files, file => file.Path.EndsWith("/json/__init__.py", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Analyse_ProgramWithGslAndFftw_NamesTheirPackages()
    {
        Needs("/usr/include/gsl/gsl_math.h", "GSL is not installed (apt install libgsl-dev)");
        Needs("/usr/include/fftw3.h", "FFTW is not installed (apt install libfftw3-dev)");
        await _programs.CompileAsync(
            "prog", "#include <fftw3.h>\n#include <gsl/gsl_sf_bessel.h>\nint main(void) { fftw_cleanup(); return gsl_sf_bessel_J0(1.0) > 2; }", "-lgsl", "-lgslcblas", "-lfftw3", "-lm");

        var report = await AnalyseAsync("./prog");

        Assert.Empty(report.Unmet);
        Assert.Equal(["prog"], report.Inputs.Select(input => input.Path));
        Assert.Contains(report.Packages, package => package.Name.StartsWith("libgsl", StringComparison.Ordinal));
        Assert.Contains(report.Packages, package => package.Name.StartsWith("libfftw3-double", StringComparison.Ordinal));
        Assert.Equal(2, report.Packages.Count);
        Assert.Empty(report.Files);
        Assert.Empty(await RootVerification.VerifyAsync("/", [_programs.Path("prog"), .. report.Programs], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Analyse_NumpyScript_NamesItsPackageEvenWhenAnotherPythonComesFirstOnPath()
    {
        Needs("/usr/lib/python3/dist-packages/numpy/__init__.py", "numpy is not installed (apt install python3-numpy)");
        await File.WriteAllTextAsync(_programs.Path("analyse.py"), "#!/usr/bin/env python3\nimport csv, json, sys\nimport numpy as np\nimport helper\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_programs.Path("helper.py"), "import os.path\n", TestContext.Current.CancellationToken);

        var report = await AnalyseAsync("analyse.py");

        Assert.Empty(report.Unmet);
        Assert.Equal(["python3-numpy"], report.Packages.Select(package => package.Name));
        Assert.Equal(["analyse.py", "helper.py"], report.Inputs.Select(input => input.Path));
        Assert.Empty(report.Files);
    }

    [Fact]
    public async Task Verify_LibraryTakenAway_IsNamed()
    {
        await _programs.CompileAsync("lib/liba.so", "int a(void); int a(void) { return 1; }", "-shared", "-fPIC");
        var program = await _programs.CompileAsync("prog", "int a(void); int main(void) { return a(); }", "-LDIR/lib", "-la", "-Wl,-rpath,$ORIGIN/lib");
        Assert.Empty(await RootVerification.VerifyAsync("/", [program], TestContext.Current.CancellationToken));
        File.Delete(_programs.Path("lib/liba.so"));
        Assert.Contains("needs liba.so, which no directory that the loader searches has", Assert.Single(await RootVerification.VerifyAsync("/", [program], TestContext.Current.CancellationToken)));
    }
}
