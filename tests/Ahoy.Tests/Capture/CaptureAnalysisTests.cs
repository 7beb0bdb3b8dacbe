using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Images.Capture;

namespace Ahoy.Tests.Capture;

public sealed class CaptureAnalysisTests : IDisposable
{
    private const string Debian12 = "ID=debian\nVERSION_ID=\"12\"\n";
    private static readonly ElfImage Program = new() { Interpreter = "/lib64/ld-linux-x86-64.so.2", Needed = ["libc.so.6"] };

    private readonly TemporaryRoot _root = new();

    public CaptureAnalysisTests()
    {
        _root.Link("/lib", "usr/lib").Link("/lib64", "usr/lib64").Link("/bin", "usr/bin").File("/etc/os-release", Debian12)
            .File("/usr/lib64/ld-linux-x86-64.so.2", new ElfImage { Soname = "ld-linux-x86-64.so.2" }.Bytes())
            .File("/usr/lib/x86_64-linux-gnu/libc.so.6", new ElfImage { Soname = "libc.so.6", Needed = ["ld-linux-x86-64.so.2"] }.Bytes())
            .Package("libc6", "", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6");
    }

    public void Dispose() => _root.Dispose();

    private static ImageContents Base(string version, params string[] files) => new()
    {
        OsId = "debian",
        OsVersion = version,
        Packages = new Dictionary<string, string> { ["libc6"] = "2.36-9" },
        Files = ["/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib64/ld-linux-x86-64.so.2", .. files],
        DirectoryLinks = new Dictionary<string, string> { ["/lib"] = "usr/lib", ["/lib64"] = "usr/lib64" },
    };

    private Task<CaptureReport> AnalyseAsync(string path, ImageContents? contents = null, IReadOnlyList<CapturedFile>? added = null, IReadOnlyList<string>? packages = null, string? libraryPath = null, string? command = null) =>
        CaptureAnalysis.AnalyseAsync(
            new CaptureRequest
            {
                Paths = path.Length == 0 ? [] : [path],
                Command = command?.Split(' ').Select(word => word.Trim('\'')).ToArray() ?? [],
                Environment = new CaptureEnvironment { WorkingDirectory = "/home/u/work", SearchPath = ["/home/u/bin", "/usr/bin"], Home = "/home/u", LibraryPath = libraryPath },
                Base = contents ?? Base("12"),
                Added = added ?? [],
                Packages = packages ?? [],
                Root = _root.Directory,
            },
            TestContext.Current.CancellationToken);

    private static CaptureItem Item(CaptureReport report, string name) => report.Items.Single(item => item.Name == name);

    [Fact]
    public async Task Analyse_LibraryOfAPackage_BecomesThatPackageOnce()
    {
        _root.File("/home/u/work/prog", (Program with { Needed = ["libfoo.so.1", "libbar.so.1", "libc.so.6"] }).Bytes(), true)
            .File("/usr/lib/x86_64-linux-gnu/libfoo.so.1", new ElfImage { Needed = ["libdeep.so.1"] }.Bytes())
            .File("/usr/lib/x86_64-linux-gnu/libbar.so.1", new ElfImage().Bytes())
            .Package("libfoo1", "libbar1", "/usr/lib/x86_64-linux-gnu/libfoo.so.1").Package("libbar1", "", "/usr/lib/x86_64-linux-gnu/libbar.so.1");

        var report = await AnalyseAsync("prog");

        var package = Assert.Single(report.Packages);
        Assert.Equal("libfoo1", package.Name);
        Assert.Equal(["prog needs libfoo.so.1"], package.Why);
        Assert.Equal(["libbar1"], package.Brings);
        Assert.Equal(CaptureSupply.Base, Item(report, "libc.so.6").Supply);
        Assert.Equal("prog", Assert.Single(report.Inputs).Path);
        Assert.Empty(report.Files);
        // What the package's library needs is the package's affair.
        Assert.Empty(report.Unmet);
    }

    [Fact]
    public async Task Analyse_LibraryOfNobodyFoundByTheCache_IsCopiedAndLinkedWhereTheLoaderLooks()
    {
        _root.File("/home/u/work/prog", (Program with { Needed = ["libown.so.1"] }).Bytes(), true)
            .File("/usr/local/lib/libown.so.1.2", new ElfImage { Soname = "libown.so.1" }.Bytes()).Link("/usr/local/lib/libown.so.1", "libown.so.1.2")
            .File("/etc/ld.so.cache", LoaderCacheTests.Cache(("libown.so.1", "/usr/local/lib/libown.so.1", 0), ("libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", 0)));

        var report = await AnalyseAsync("prog");

        Assert.Equal(
            [
                ("usr/lib/x86_64-linux-gnu/libown.so.1", BuildFileType.Symlink, "/usr/local/lib/libown.so.1.2"),
                ("usr/local/lib/libown.so.1", BuildFileType.Symlink, "libown.so.1.2"),
                ("usr/local/lib/libown.so.1.2", BuildFileType.File, null),
            ],
            report.Files.Select(file => (file.Path, file.Type, file.Target)));
    }

    [Theory]
    [InlineData("lib")]
    [InlineData("/nowhere:./lib")]
    public async Task Analyse_RelativeLibraryPath_IsBelowTheWorkingDirectory(string libraryPath)
    {
        _root.File("/home/u/work/prog", (Program with { Needed = ["libown.so.1"] }).Bytes(), true).File("/home/u/work/lib/libown.so.1", new ElfImage().Bytes());

        var report = await AnalyseAsync("prog", libraryPath: libraryPath);

        Assert.Empty(report.Unmet);
        Assert.Contains(report.Files, file => file.Path == "home/u/work/lib/libown.so.1");
    }

    [Fact]
    public async Task Analyse_LibraryBesideTheProgram_TravelsBesideIt()
    {
        _root.File("/home/u/work/bin/prog", (Program with { Needed = ["libown.so"], Runpath = "$ORIGIN/../lib" }).Bytes(), true).File("/home/u/work/lib/libown.so", new ElfImage().Bytes());

        var report = await AnalyseAsync("bin/prog");
        Assert.Equal(["bin/prog", "lib/libown.so"], report.Inputs.Select(input => input.Path));

        var added = new CapturedFile { HostPath = _root.HostPath("/home/u/work/bin/prog"), Path = "opt/x/bin/prog", Executable = true };
        report = await AnalyseAsync("", added: [added]);
        Assert.Equal("opt/x/lib/libown.so", report.Files.Single(file => file.Type == BuildFileType.File).Path);
        Assert.Equal(["/opt/x/bin/prog"], report.Programs);
    }

    [Fact]
    public async Task Analyse_MissingLibrary_IsUnmetWithTheDirectories()
    {
        _root.File("/home/u/work/prog", (Program with { Needed = ["libgone.so.1"], Runpath = "/opt/gone" }).Bytes(), true);
        var item = Assert.Single((await AnalyseAsync("prog")).Unmet);
        Assert.Equal("libgone.so.1", item.Name);
        Assert.Contains("/opt/gone", item.Hint);
    }

    [Fact]
    public async Task Analyse_BaseOfAnotherRelease_CopiesLibrariesButNotTheLibc()
    {
        _root.File("/home/u/work/prog", (Program with { Needed = ["libfoo.so.1", "libc.so.6"], VersionNeeds = [("libc.so.6", "GLIBC_2.38")] }).Bytes(), true)
            .File("/usr/lib/x86_64-linux-gnu/libfoo.so.1", new ElfImage().Bytes()).Package("libfoo1", "", "/usr/lib/x86_64-linux-gnu/libfoo.so.1");

        var report = await AnalyseAsync("prog", Base("11"));

        Assert.Empty(report.Packages);
        Assert.Equal("usr/lib/x86_64-linux-gnu/libfoo.so.1", Assert.Single(report.Files).Path);
        Assert.Contains("has 2.36", Assert.Single(Item(report, "glibc 2.38").Why));
        Assert.Contains(report.Notes, note => note.Contains("another release"));
    }

    [Fact]
    public async Task Analyse_PythonScript_FindsPackagesOwnModulesAndWhatIsMissing()
    {
        Python().File("/home/u/work/analyse.py", "#!/usr/bin/python3\nimport json, numpy, helper, sys\nfrom pkg.sub import thing\nimport gone\ntry:\n import nice\nexcept ImportError:\n pass\n", true)
            .File("/home/u/work/helper.py", "import os.path\n").File("/home/u/work/pkg/__init__.py", "").File("/home/u/work/pkg/sub.py", "from . import other\n").File("/home/u/work/pkg/other.py", "");

        var report = await AnalyseAsync("analyse.py");

        Assert.Equal(["python3-numpy"], report.Packages.Select(package => package.Name));
        Assert.Equal(["python3"], report.Packages[0].Brings);
        Assert.Equal(["analyse.py", "helper.py", "pkg/__init__.py", "pkg/other.py", "pkg/sub.py"], report.Inputs.Select(input => input.Path));
        Assert.Equal("gone", Assert.Single(report.Unmet).Name);
        Assert.Contains("--package python3-gone", report.Unmet.Single().Hint);
        Assert.Contains(report.Notes, note => note.Contains("nice"));
    }

    [Theory]
    [InlineData("/home/u/venv")]
    [InlineData("/home/u/work/.venv")]
    public async Task Analyse_ScriptOfAVirtualEnvironment_TakesTheEnvironmentAtItsPlace(string venv)
    {
        Python().Link($"{venv}/bin/python", "python3").Link($"{venv}/bin/python3", "/usr/bin/python3")
            .File($"{venv}/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n")
            .File($"{venv}/lib/python3.11/site-packages/mylib/__init__.py", "import json").File($"{venv}/lib/python3.11/site-packages/unused/__init__.py", "")
            .File("/home/u/work/analyse.py", $"#!{venv}/bin/python\nimport json, mylib\n", true);

        var report = await AnalyseAsync("analyse.py");

        Assert.Empty(report.Unmet);
        Assert.Equal(["python3"], report.Packages.Select(package => package.Name));
        Assert.Equal(["analyse.py"], report.Inputs.Select(input => input.Path));
        var place = venv.TrimStart('/');
        Assert.Equal(
            [
                ($"{place}/bin/python", "python3"),
                ($"{place}/bin/python3", "/usr/bin/python3"),
                ($"{place}/lib/python3.11/site-packages/mylib/__init__.py", null),
                ($"{place}/pyvenv.cfg", null),
            ],
            report.Files.Where(file => file.Type != BuildFileType.Directory).Select(file => (file.Path, file.Target)));
        Assert.Contains($"{venv}/bin/python", report.Programs);
    }

    [Fact]
    public async Task Analyse_VirtualEnvironmentWithACopiedInterpreter_TakesTheCopyToo()
    {
        Python().File("/home/u/work/.venv/bin/python3.11", Program.Bytes(), true).File("/home/u/work/.venv/pyvenv.cfg", "home = /usr/bin\n")
            .File("/home/u/work/analyse.py", "#!/home/u/work/.venv/bin/python3.11\nimport json\n", true);

        var report = await AnalyseAsync("analyse.py");

        Assert.Equal(["analyse.py"], report.Inputs.Select(input => input.Path));
        Assert.Contains(report.Files, file => file.Path == "home/u/work/.venv/bin/python3.11" && file.Executable);
        Assert.Contains(report.Files, file => file.Path == "usr/lib/python3.11/json/__init__.py");
    }

    [Fact]
    public async Task Analyse_AddedScript_TakesItsModulesAlongBesideIt()
    {
        Python().File("/home/u/work/src/analyse.py", "#!/usr/bin/env python3\nimport helper\n", true).File("/home/u/work/src/helper.py", "").File("/usr/bin/env", Program.Bytes(), true);
        var added = AddedFiles.Collect(["src/analyse.py"], _root.HostPath("/home/u/work"));
        var report = await AnalyseAsync("", added: added.Files);
        Assert.Contains(report.Files, file => file.Path == "app/helper.py");
        Assert.Empty(report.Inputs);
        Assert.Contains("/app/analyse.py", report.Programs);
    }

    [Fact]
    public async Task Analyse_ModuleOfAPackageThatTheUserNamed_IsNotUnmet()
    {
        Python().File("/home/u/work/analyse.py", "#!/usr/bin/python3\nimport elsewhere\n", true);
        var report = await AnalyseAsync("analyse.py", packages: ["python3-elsewhere"]);
        Assert.Empty(report.Unmet);
        Assert.Contains(report.Notes, note => note.Contains("elsewhere") && note.Contains("python3-elsewhere"));
    }

    [Fact]
    public async Task Analyse_ShellScript_TakesCommandsFromPathAndKeepsThemOnIt()
    {
        _root.File("/home/u/work/run.sh", "#!/bin/sh\nmytool x | sort\n./step\n", true).File("/home/u/work/step", Program.Bytes(), true)
            .File("/home/u/bin/mytool", Program.Bytes(), true).File("/usr/bin/sort", Program.Bytes(), true).File("/usr/bin/sh", Program.Bytes(), true)
            .Package("coreutils", "libc6", "/usr/bin/sort").Package("dash", "", "/bin/sh");

        var report = await AnalyseAsync("run.sh");

        Assert.Equal(["coreutils", "dash"], report.Packages.Select(package => package.Name));
        Assert.Equal(["run.sh", "step"], report.Inputs.Select(input => input.Path));
        Assert.Contains(report.Files, file => file.Path == "home/u/bin/mytool" && file.Executable);
        Assert.Contains(report.Files, file => file.Path == "usr/local/bin/mytool" && file.Target == "/home/u/bin/mytool");
    }

    [Theory]
    [InlineData("python3 analyse.py data.csv")]
    [InlineData("python3 -u ./analyse.py")]
    [InlineData("/usr/bin/python3 /home/u/work/analyse.py")]
    [InlineData("mpirun -n 4 python3 analyse.py")]
    public async Task Analyse_InterpreterWithAScriptWithoutFirstLine_TakesTheScriptAndWhatItImports(string command)
    {
        Python().File("/home/u/work/analyse.py", "import numpy, helper\n").File("/home/u/work/helper.py", "")
            .File("/usr/bin/mpirun", Program.Bytes(), true).Package("openmpi-bin", "", "/usr/bin/mpirun");

        var report = await AnalyseAsync("", command: command);

        Assert.Empty(report.Unmet);
        Assert.Empty(report.Unresolved);
        Assert.Contains("python3-numpy", report.Packages.Select(package => package.Name));
        Assert.Equal(["analyse.py", "helper.py"], report.Inputs.Select(input => input.Path));
    }

    [Fact]
    public async Task Analyse_PythonOfAnActivatedEnvironment_IsFoundByTheNameThatTheUserTyped()
    {
        Python().Link("/home/u/bin/python", "/usr/bin/python3").File("/home/u/pyvenv.cfg", "home = /usr/bin\n")
            .File("/home/u/lib/python3.11/site-packages/mylib/__init__.py", "").File("/home/u/work/analyse.py", "import mylib\n");

        var report = await AnalyseAsync("", command: "python analyse.py");

        Assert.Contains(report.Files, file => file.Path == "usr/local/bin/python" && file.Target == "/usr/bin/python3.11");
        Assert.Contains(report.Files, file => file.Path == "usr/local/lib/python3.11/dist-packages/mylib/__init__.py");
    }

    [Theory]
    [InlineData("sh main.sh")]
    [InlineData("bash -eu main.sh")]
    [InlineData("sh -c './main.sh|sort'")]
    public async Task Analyse_ShellScripts_AreFollowedThroughAllThatTheyReadAndRun(string command)
    {
        Shell().File("/home/u/work/main.sh", "#!/bin/sh\n. ./lib.sh\nstep 1\nsh other.sh\n", true)
            .File("/home/u/work/lib.sh", "step() { python3 tool.py \"$1\"; }\n. sub/conf.sh\n").File("/home/u/work/sub/conf.sh", "A=1\n")
            .File("/home/u/work/other.sh", "sort x\n").File("/home/u/work/tool.py", "import helper\n").File("/home/u/work/helper.py", "");

        var report = await AnalyseAsync("", command: command);

        Assert.Empty(report.Unmet);
        Assert.Empty(report.Unresolved);
        Assert.Equal(["helper.py", "lib.sh", "main.sh", "other.sh", "sub/conf.sh", "tool.py"], report.Inputs.Select(input => input.Path));
        Assert.Contains("coreutils", report.Packages.Select(package => package.Name));
        Assert.Contains("Everything that was found to be needed is met.", CaptureReportText.Render(report, null));
    }

    [Theory]
    [InlineData(". \"$DIR/lib.sh\"", "$DIR/lib.sh")]
    [InlineData("python3 \"$TOOL\" x", "$TOOL")]
    [InlineData("$SOLVER --fast", "$SOLVER --fast")]
    [InlineData("eval \"$LINE\"", "$LINE")]
    [InlineData(". ./gone.sh", "gone.sh")]
    [InlineData("python3 gone.py", "gone.py")]
    [InlineData("python3 -m mypkg", "-m mypkg")]
    [InlineData("gonetool x", "gonetool")]
    public async Task Analyse_ShellScriptWithANameThatIsComputedOrMissing_SaysSoAndNotThatAllIsMet(string line, string told)
    {
        Shell().File("/home/u/work/run.sh", $"#!/bin/sh\n{line}\n", true);

        var report = await AnalyseAsync("run.sh");

        Assert.Contains(told, Assert.Single(report.Unresolved));
        var text = CaptureReportText.Render(report, null);
        Assert.Contains("Not followed:", text);
        Assert.DoesNotContain("is met", text);
    }

    [Theory]
    [InlineData(". \"$(dirname \"$0\")/lib.sh\"")]
    [InlineData("HERE=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" >/dev/null 2>&1 && pwd)\"\nsource \"$HERE/lib.sh\"")]
    [InlineData("export D=${0%/*}\n. ${D}/lib.sh")]
    public async Task Analyse_ShellScriptThatNamesFilesByItsOwnDirectory_TakesThemBesideIt(string lines)
    {
        Shell().File("/home/u/work/bin/run.sh", $"#!/bin/sh\n{lines}\n", true).File("/home/u/work/bin/lib.sh", "")
            .File("/usr/bin/dirname", Program.Bytes(), true).Package("dirnames", "", "/usr/bin/dirname");

        var report = await AnalyseAsync("bin/run.sh");

        Assert.Empty(report.Unresolved);
        Assert.Equal(["bin/lib.sh", "bin/run.sh"], report.Inputs.Select(input => input.Path));
        var added = AddedFiles.Collect(["bin/run.sh"], _root.HostPath("/home/u/work"));
        report = await AnalyseAsync("", added: added.Files);
        Assert.Empty(report.Unresolved);
        Assert.Contains(report.Files, file => file.Path == "app/lib.sh");
    }

    [Fact]
    public async Task Analyse_ShellScriptThatReadsASecret_LeavesItHere()
    {
        Shell().File("/home/u/work/run.sh", "#!/bin/sh\n. ./.env\n", true).File("/home/u/work/.env", "PASSWORD=x\n");

        var report = await AnalyseAsync("run.sh");

        Assert.Equal(CaptureSupply.Refused, Assert.Single(report.Unmet).Supply);
        Assert.Equal(["run.sh"], report.Inputs.Select(input => input.Path));
    }

    [Fact]
    public async Task Analyse_AddedScriptThatReadsAFileOfTheWorkingDirectory_SaysThatTheJobMustGetIt()
    {
        Shell().File("/home/u/work/run.sh", "#!/bin/sh\n. ./lib.sh\n", true).File("/home/u/work/lib.sh", "");
        var added = AddedFiles.Collect(["run.sh"], _root.HostPath("/home/u/work"));

        var report = await AnalyseAsync("", added: added.Files);

        Assert.Contains("./lib.sh", Assert.Single(report.Unresolved));
        Assert.Contains("--input", report.Unresolved[0]);
    }

    [Fact]
    public async Task Analyse_CommandThatIsASecret_IsRefusedWithTheReason()
    {
        _root.File("/home/u/work/run.sh", "#!/bin/sh\n/home/u/.ssh/helper\n", true).File("/home/u/.ssh/helper", Program.Bytes(), true).File("/usr/bin/sh", Program.Bytes(), true).Package("dash", "", "/bin/sh");
        var report = await AnalyseAsync("run.sh");
        var item = Assert.Single(report.Unmet);
        Assert.Equal(CaptureSupply.Refused, item.Supply);
        Assert.Contains(".ssh", item.Hint);
        Assert.DoesNotContain(report.Files, file => file.Path.Contains(".ssh"));
    }

    [Theory]
    [InlineData("missing", ErrorCode.NotFound)]
    [InlineData("data.csv", ErrorCode.InvalidRequest)]
    [InlineData("empty", ErrorCode.InvalidRequest)]
    public async Task Analyse_WhatIsNoProgram_IsAnError(string path, ErrorCode code)
    {
        _root.File("/home/u/work/data.csv", "1,2,3").File("/home/u/work/empty/data.csv", "1,2,3");
        Assert.Equal(code, (await Assert.ThrowsAsync<AhoyException>(() => AnalyseAsync(path))).Code);
    }

    [Fact]
    public async Task Render_Report_FitsInto80ColumnsAndJson()
    {
        Python().File("/home/u/work/analyse.py", "#!/usr/bin/python3\nimport json, numpy, gone\n", true);
        var report = await AnalyseAsync("analyse.py");
        var text = CaptureReportText.Render(report, "debian-12");
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains("python3-numpy", text);
        Assert.True(text.IndexOf("Not met:", StringComparison.Ordinal) < text.IndexOf("Packages to install:", StringComparison.Ordinal));
        var read = JsonSerializer.Deserialize(JsonSerializer.Serialize(report, CaptureJson.Default.CaptureReport), CaptureJson.Default.CaptureReport)!;
        Assert.Equal(report.Items.Count, read.Items.Count);
    }

    private TemporaryRoot Shell() =>
        Python().File("/usr/bin/sh", Program.Bytes(), true).File("/usr/bin/bash", Program.Bytes(), true).File("/usr/bin/sort", Program.Bytes(), true)
            .Package("dash", "", "/bin/sh").Package("bash", "", "/bin/bash").Package("coreutils", "", "/usr/bin/sort");

    private TemporaryRoot Python() =>
        _root.File("/usr/bin/python3.11", Program.Bytes(), true).Link("/usr/bin/python3", "python3.11")
            .File("/usr/lib/python3.11/os.py", "").File("/usr/lib/python3.11/json/__init__.py", "").File("/usr/lib/python3/dist-packages/numpy/__init__.py", "import secret_part")
            .Package("python3-minimal", "", "/usr/bin/python3", "/usr/bin/python3.11").Package("libpython3.11-stdlib", "", "/usr/lib/python3.11/os.py", "/usr/lib/python3.11/json/__init__.py")
            .Package("python3", "python3-minimal, libpython3.11-stdlib").Package("python3-numpy", "python3", "/usr/lib/python3/dist-packages/numpy/__init__.py");
}
