using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Wrapper;

public sealed class CannotStartTests : IAsyncLifetime
{
    private readonly WrapperFixture _wrapper = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _wrapper.DisposeAsync();

    [Fact]
    public Task Name_NotOnPath_Is127AndNamesThePath() => ExpectAsync(["no-such-program"], 127, "no-such-program", "/usr/bin:/bin");

    [Fact]
    public Task File_ThatIsNotThere_Is127() => ExpectAsync(["./nothing"], 127, "./nothing", "No such file");

    [Fact]
    public Task Directory_Is126() => ExpectAsync(["/usr"], 126, "/usr is a directory");

    [Fact]
    public Task EmptyWord_Is127() => ExpectAsync([""], 127, "empty");

    [Fact]
    public async Task Name_OfAFileInTheScratchDirectory_IsHintedAt()
    {
        Script("tool", "#!/bin/sh\n", executable: true);
        var end = await ExpectAsync(["tool"], 127, "tool");
        Assert.Contains("./tool", end.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public Task Script_WithoutExecutePermission_Is126()
    {
        Script("plain", "#!/bin/sh\n", executable: false);
        // For root, too: access(2) and execve(2) want at least one execute bit.
        return ExpectAsync(["./plain"], 126, "not executable");
    }

    [Fact]
    public Task Script_WithoutItsInterpreter_Is126AndNamesIt()
    {
        Script("script", "#!/opt/none/python3 -u\nprint()\n", executable: true);
        return ExpectAsync(["./script"], 126, "its interpreter /opt/none/python3 is not in the image");
    }

    [Fact]
    public Task Script_WithWindowsLineEnds_Is126AndSaysSo()
    {
        Script("script", "#!/bin/sh\r\necho\r\n", executable: true);
        return ExpectAsync(["./script"], 126, "Windows line ends");
    }

    [Fact]
    public async Task Script_WithoutShebang_Is126AndTellsHowToBegin()
    {
        Script("script", "echo hello\n", executable: true);
        var end = await ExpectAsync(["./script"], 126, "neither a program");
        Assert.Contains("#!/bin/sh", end.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public Task Program_WithoutItsDynamicLinker_Is126AndNamesIt()
    {
        var program = File.ReadAllBytes("/bin/true");
        var linker = "/lib64/ld-linux"u8;
        var at = program.AsSpan().IndexOf(linker);
        Assert.SkipUnless(at > 0, "/bin/true of this machine has no such dynamic linker");
        "/lib65"u8.CopyTo(program.AsSpan(at));
        File.WriteAllBytes(_wrapper.InScratch("program"), program);
        File.SetUnixFileMode(_wrapper.InScratch("program"), (UnixFileMode)0x1ED);
        return ExpectAsync(["./program"], 126, "its interpreter /lib65/ld-linux");
    }

    [Fact]
    public Task Program_ForAnotherProcessor_Is126AndNamesIt()
    {
        var program = File.ReadAllBytes("/bin/true");
        (program[18], program[19]) = (243, 0); // e_machine: RISC-V
        File.WriteAllBytes(_wrapper.InScratch("program"), program);
        File.SetUnixFileMode(_wrapper.InScratch("program"), (UnixFileMode)0x1ED);
        return ExpectAsync(["./program"], 126, "another processor (RISC-V)");
    }

    [Fact]
    public async Task WorkingDirectory_ThatIsNotThere_IsNamed()
    {
        var (_, result) = await _wrapper.RunAsync(_wrapper.Shell("true") with { WorkingDirectory = "/no/such/place" });
        Assert.Equal(EndCause.CannotStart, result.End!.Cause);
        Assert.Contains("/no/such/place", result.End.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RelativePathOnPath_IsRelativeToTheWorkingDirectory()
    {
        Directory.CreateDirectory(_wrapper.InScratch("bin"));
        Script("bin/tool", "#!/bin/sh\necho found\n", executable: true);
        var orders = _wrapper.Command("tool") with { Environment = new Dictionary<string, string> { ["PATH"] = "bin" } };

        Assert.Equal(JobState.Complete, (await _wrapper.RunAsync(orders)).Result.State);
        Assert.Equal("found\n", _wrapper.StandardOutput);
    }

    private void Script(string name, string text, bool executable)
    {
        _wrapper.Write(name, text);
        File.SetUnixFileMode(_wrapper.InScratch(name), (UnixFileMode)(executable ? 0x1ED : 0x1A4));
    }

    private async Task<JobEnd> ExpectAsync(string[] command, int exitCode, params string[] words)
    {
        var (code, result) = await _wrapper.RunAsync(_wrapper.Command(command));
        Assert.Equal(exitCode, code);
        Assert.Equal((JobState.Failed, exitCode), (result.State, result.ExitCode));
        Assert.Equal((EndCause.CannotStart, JobState.Preparing), (result.End!.Cause, result.End.Phase));
        Assert.All(words, word => Assert.Contains(word, result.End.Message, StringComparison.Ordinal));
        return result.End;
    }
}
