using Ahoy.Images.Capture.Verification;

namespace Ahoy.Tests.Capture;

public sealed class RootVerificationTests : IDisposable
{
    private readonly TemporaryRoot _root = new();

    public void Dispose() => _root.Dispose();

    private Task<IReadOnlyList<string>> VerifyAsync(params string[] programs) =>
        RootVerification.VerifyAsync(_root.Directory, programs, TestContext.Current.CancellationToken);

    [Fact]
    public async Task Verify_CompleteProgram_HasNoFault()
    {
        _root.File("/ld", new ElfImage().Bytes()).File("/app/x", new ElfImage { Interpreter = "/ld", Needed = ["liba.so"], VersionNeeds = [("liba.so", "A_1")] }.Bytes(), true)
            .File("/usr/lib/liba.so", new ElfImage { VersionDefinitions = ["A_1"] }.Bytes());
        Assert.Empty(await VerifyAsync("/app/x", "/usr/lib/liba.so"));
    }

    [Fact]
    public async Task Verify_MissingParts_AreNamedWithWhoNeedsThem()
    {
        _root.File("/app/x", new ElfImage { Interpreter = "/ld", Needed = ["liba.so", "libgone.so.1"], VersionNeeds = [("liba.so", "A_2")] }.Bytes(), true)
            .File("/usr/lib/liba.so", new ElfImage { VersionDefinitions = ["A_1"], Needed = ["libdeep.so"] }.Bytes());
        var faults = await VerifyAsync("/app/x", "/app/missing");
        Assert.Equal(5, faults.Count);
        Assert.Contains(faults, fault => fault.StartsWith("/app/x is started by /ld,", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("/app/x needs libgone.so.1, which no directory that the loader searches has", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("libdeep.so (through /usr/lib/liba.so)"));
        Assert.Contains(faults, fault => fault.Contains("A_2 of /usr/lib/liba.so"));
        Assert.Contains("/app/missing is not there.", faults);
    }

    [Fact]
    public async Task Verify_PythonScript_NeedsItsInterpreterAndModules()
    {
        _root.File("/app/a.py", "#!/usr/bin/env python3\nimport numpy\nimport helper\ntry:\n import nice\nexcept ImportError:\n pass\n", true).File("/app/helper.py", "import json");
        Assert.Contains("/usr/bin/env, which is not there", Assert.Single(await VerifyAsync("/app/a.py")));

        _root.File("/usr/bin/env", new ElfImage().Bytes(), true);
        Assert.Contains("run by python3, which is in none of", Assert.Single(await VerifyAsync("/app/a.py")));

        _root.File("/usr/bin/python3.11", new ElfImage().Bytes(), true).Link("/usr/bin/python3", "python3.11").File("/usr/lib/python3.11/json/__init__.py", "");
        Assert.Contains("(line 2) imports numpy", Assert.Single(await VerifyAsync("/app/a.py")));

        _root.File("/usr/lib/python3/dist-packages/numpy/__init__.py", "");
        Assert.Empty(await VerifyAsync("/app/a.py"));
    }

    [Fact]
    public void Run_RelativePath_IsWrongUsage() => Assert.Equal(2, VerifyMain.Run(["relative"]));
}
