using System.Formats.Tar;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.SystemTests.EndToEnd;

/// <summary>What goes wrong says what, why, and what to do; the same for root and for an ordinary user.</summary>
[Collection(EndToEndCollection.Name)]
public abstract class BadInputContract(SharedSystem shared) : IAsyncLifetime
{
    protected LocalSystem System { get; private set; } = null!;

    public async ValueTask InitializeAsync() => System = await shared.GetAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Submit_InputFileIsMissing_NamesIt()
    {
        var output = await System.TryAsync("submit", "--input", "nowhere.csv", "busybox", "--", "true");

        Assert.NotEqual(0, output.ExitCode);
        Assert.Contains("nowhere.csv", output.Error);
    }

    [Fact]
    public async Task Run_OutputWasNotWritten_FailsNamingIt()
    {
        var job = await FailAsync(["--output", "result.json"], "echo something else >other.txt");

        Assert.Equal((JobState.Failed, EndCause.MissingOutput), (job.State, job.End?.Cause));
        Assert.Contains("result.json", job.End!.Message);
    }

    [Fact]
    public async Task Run_ExitCodeIsNotZero_IsTheCommandsExitCode()
    {
        var run = await System.TryAsync("run", "busybox", "--", "sh", "-c", "echo last words >&2; exit 7");
        var job = await System.ShowAsync("last");

        Assert.Equal(7, run.ExitCode);
        Assert.Equal((JobState.Failed, EndCause.ExitCode, 7), (job.State, job.End?.Cause, job.ExitCode));
        Assert.Contains("last words", job.End!.LastOutput);
    }

    [Fact]
    public async Task Run_ProgramIsKilledBySignal_NamesTheSignal()
    {
        var run = await System.TryAsync("run", "busybox", "--", "sh", "-c", "kill -SEGV $$");
        var job = await System.ShowAsync("last");

        Assert.Equal(128 + 11, run.ExitCode);
        Assert.Equal((EndCause.Signal, 11), (job.End?.Cause, job.End?.Signal));
        Assert.Contains("SIGSEGV", job.End!.Message);
    }

    [Fact]
    public async Task Run_ProgramDoesNotExist_ExitsWith127()
    {
        var run = await System.TryAsync("run", "busybox", "--", "no-such-program");

        Assert.Equal(127, run.ExitCode);
        Assert.Equal(EndCause.CannotStart, (await System.ShowAsync("last")).End?.Cause);
    }

    [Fact]
    public async Task Run_MoreMemoryThanAsked_FailsWithPeakAndLimit()
    {
        var job = await FailAsync(["--memory", "64M"], "head -c 300000000 /dev/zero | tr '\\0' 'x' | dd of=/dev/null bs=290000000 iflag=fullblock");

        Assert.Equal((JobState.Failed, EndCause.MemoryLimit), (job.State, job.End?.Cause));
        Assert.Contains("64M", job.End!.Message);
        Assert.InRange(job.Use!.PeakMemoryBytes, 32L << 20, 1L << 30);
        Assert.Contains("--memory", job.End.Hint);
    }

    [Fact]
    public async Task Run_LongerThanItsTime_FailsSayingSo()
    {
        var job = await FailAsync(["--time", "1s"], "sleep 600");

        Assert.Equal((JobState.Failed, EndCause.WallTimeLimit), (job.State, job.End?.Cause));
        Assert.InRange(job.Use!.WallSeconds, 0.9, 30);
    }

    [Fact]
    public async Task Submit_NoAgentCouldEver_IsRefusedAtOnce()
    {
        var output = await System.TryAsync("submit", "--memory", "900T", "busybox", "--", "true");

        Assert.NotEqual(0, output.ExitCode);
        Assert.Equal("", output.Output);
        Assert.Contains("900T", output.Error);
    }

    [Fact]
    public async Task Submit_AgentIsBusy_WaitsAndShowSaysWhy()
    {
        var all = Environment.ProcessorCount.ToString();
        var first = (await System.RunAsync("submit", "--cpus", all, "busybox", "--", "sleep", "600")).Trim();
        await Eventually.TrueAsync(async () => (await System.ShowAsync(first)).State == JobState.Running, "the first job runs");
        var second = (await System.RunAsync("submit", "--cpus", all, "busybox", "--", "true")).Trim();

        await Eventually.TrueAsync(async () => (await System.ShowAsync(second)).Waiting is { Length: > 0 }, "the waiting job has a reason");
        var job = await System.ShowAsync(second);
        Assert.Equal(JobState.Queued, job.State);
        Assert.Contains("cpu", job.Waiting, StringComparison.OrdinalIgnoreCase);

        await System.RunAsync("cancel", first);
        Assert.Equal(0, (await System.TryAsync("wait", second)).ExitCode);
    }

    [Fact]
    public async Task Submit_UnknownImage_NamesThoseThatExist()
    {
        var output = await System.TryAsync("submit", "bussybox", "--", "true");

        Assert.NotEqual(0, output.ExitCode);
        Assert.Contains("busybox", output.Error.Replace("bussybox", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Submit_SizeWithoutUnit_IsWrongUsageWithAHint()
    {
        var output = await System.TryAsync("submit", "--memory", "2", "busybox", "--", "true");

        Assert.Equal(2, output.ExitCode);
        Assert.Contains("2G", output.Error);
    }

    [Fact]
    public async Task BaseImport_NameIsTaken_SaysSo()
    {
        var output = await System.TryAsync("base", "import", "busybox", System.Directory.Below("busybox"));

        Assert.NotEqual(0, output.ExitCode);
        Assert.Contains("busybox", output.Error);
    }

    [Fact]
    public async Task BaseCreate_UnknownSuite_SaysSoAndLeavesNothing()
    {
        var output = await System.TryAsync("base", "create", "nonsense", "--apt", "no-such-suite");

        Assert.NotEqual(0, output.ExitCode);
        Assert.Contains("no-such-suite", output.Error);
        Assert.DoesNotContain("nonsense", await System.RunAsync("base", "ls"));
    }

    [Fact]
    public async Task Build_UnknownBase_NamesThoseThatExist()
    {
        await System.WriteAsync("tool.sh", "#!/bin/sh\n");
        var output = await System.TryAsync("build", "tool", "--base", "no-such-base", "--add", "tool.sh");

        Assert.NotEqual(0, output.ExitCode);
        Assert.Contains("no-such-base", output.Error);
        Assert.Contains("busybox", output.Error);
    }

    public static TheoryData<string> HostileEntries => ["parent", "absolute", "hard link", "device", "through a link"];

    [Theory]
    [MemberData(nameof(HostileEntries))]
    public async Task BaseImport_LayerTriesToWriteElsewhere_IsRefused(string kind)
    {
        var layout = System.Directory.Below($"hostile-{kind.Replace(' ', '-')}");
        BusyboxImage.Write(layout, tar => AddHostile(tar, kind));
        await System.GiveToUserAsync(layout, TestContext.Current.CancellationToken);

        var output = await System.TryAsync("base", "import", "hostile", layout);

        Assert.NotEqual(0, output.ExitCode);
        Assert.DoesNotContain("hostile", await System.RunAsync("base", "ls"));
        Assert.False(File.Exists("/tmp/ahoy-was-here"));
    }

    [Fact]
    public async Task BaseImport_ManifestsDigestLies_IsRefused()
    {
        var layout = System.Directory.Below("liar");
        BusyboxImage.Write(layout);
        var index = await File.ReadAllTextAsync(Path.Combine(layout, "index.json"));
        var hex = index[(index.IndexOf("sha256:", StringComparison.Ordinal) + 7)..][..64];
        var manifest = Path.Combine(layout, "blobs", "sha256", hex);
        await File.WriteAllTextAsync(manifest, (await File.ReadAllTextAsync(manifest)).Replace("\"schemaVersion\":2", "\"schemaVersion\": 2", StringComparison.Ordinal));
        await System.GiveToUserAsync(layout, TestContext.Current.CancellationToken);

        var output = await System.TryAsync("base", "import", "liar", layout);

        Assert.NotEqual(0, output.ExitCode);
        Assert.Contains(hex, output.Error);
        Assert.DoesNotContain("liar", await System.RunAsync("base", "ls"));
    }

    private static void AddHostile(TarWriter tar, string kind)
    {
        void File(string name) => tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream([1]) });
        switch (kind)
        {
            case "parent":
                File("../../../../../../tmp/ahoy-was-here");
                break;
            case "absolute":
                File("/tmp/ahoy-was-here");
                break;
            case "hard link":
                tar.WriteEntry(new PaxTarEntry(TarEntryType.HardLink, "etc/shadow") { LinkName = "../../../../../../etc/shadow" });
                break;
            case "device":
                tar.WriteEntry(new PaxTarEntry(TarEntryType.BlockDevice, "dev/sda") { DeviceMajor = 8, DeviceMinor = 0 });
                break;
            case "through a link":
                tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "escape") { LinkName = "/tmp" });
                File("escape/ahoy-was-here");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown");
        }
    }

    private async Task<JobView> FailAsync(string[] options, string script)
    {
        var run = await System.TryAsync(["run", .. options, "busybox", "--", "sh", "-c", script]);
        Assert.NotEqual(0, run.ExitCode);
        return await System.ShowAsync("last");
    }
}
