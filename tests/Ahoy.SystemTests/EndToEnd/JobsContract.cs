using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.SystemTests.EndToEnd;

/// <summary>What users do with jobs, through the command line alone; the same for root and for an ordinary user.</summary>
[Collection(EndToEndCollection.Name)]
public abstract class JobsContract(SharedSystem shared) : IAsyncLifetime
{
    /// <summary>Set before each test.</summary>
    protected LocalSystem System { get; private set; } = null!;

    public async ValueTask InitializeAsync() => System = await shared.GetAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Run_ProgramWithInputAndOutput_OutputIsInTheWorkDirectory()
    {
        await System.WriteAsync("in.txt", "hello\n");
        File.Delete(Path.Combine(System.WorkDirectory, "out.txt"));

        var run = await System.TryAsync("run", "--input", "in.txt", "--output", "out.txt", "busybox", "--", "sh", "-c", "tr a-z A-Z <in.txt >out.txt; echo said; echo complained >&2");

        Assert.Equal((0, "said\n"), (run.ExitCode, run.Output));
        Assert.Contains("complained", run.Error);
        Assert.Equal("HELLO\n", await File.ReadAllTextAsync(Path.Combine(System.WorkDirectory, "out.txt")));
    }

    [Fact]
    public async Task Submit_Wait_Logs_Fetch_OneAfterAnother_GiveTheResult()
    {
        var id = await SubmitAsync("--output", "out/result.txt", "busybox", "--", "sh", "-c", "mkdir -p out; echo 42 >out/result.txt; echo done");
        Assert.True(JobId.TryParse(id, out _), $"submit printed \"{id}\", which is not an id.");

        Assert.Equal(0, (await System.TryAsync("wait", id)).ExitCode);
        Assert.Equal("done\n", await System.RunAsync("logs", id));
        Assert.Contains(id, await System.RunAsync("ps", "-a"));
        await System.RunAsync("fetch", id, "fetched");
        Assert.Equal("42\n", await File.ReadAllTextAsync(Path.Combine(System.WorkDirectory, "fetched", "out", "result.txt")));

        var job = await System.ShowAsync("last");
        Assert.Equal((id, JobState.Complete, 0), (job.Id.ToString(), job.State, job.ExitCode));
        Assert.Equal("out/result.txt", Assert.Single(job.Outputs).Path);
    }

    [Fact]
    public async Task Submit_Array_RunsOneJobPerIndex()
    {
        await System.WriteAsync("common.txt", "index ");

        var ids = (await System.RunAsync("submit", "--array", "7-9", "--memory", "64M", "--input", "common.txt", "busybox", "--", "sh", "-c", "cat common.txt; echo $AHOY_ARRAY_INDEX")).Trim();

        Assert.Equal(0, (await System.TryAsync("wait", ids)).ExitCode);
        var first = long.Parse(ids.Split('-')[0]);
        foreach (var i in new[] { 0, 1, 2 })
            Assert.Equal($"index {7 + i}\n", await System.RunAsync("logs", $"{first + i}"));
    }

    [Fact]
    public async Task Logs_Follow_ShowsOutputWhileTheProgramRuns()
    {
        // The program waits for a signal that it gets only after its first line was seen.
        var id = await SubmitAsync("busybox", "--", "sh", "-c", "echo first; sleep 600");

        await Eventually.TrueAsync(async () => await System.RunAsync("logs", id) == "first\n", "the running job's first line is in its log");

        Assert.Equal(JobState.Running, (await System.ShowAsync(id)).State);
        await System.RunAsync("cancel", id);
        await System.TryAsync("wait", id);
    }

    [Fact]
    public async Task Cancel_RunningJob_IsCanceledWithinSecondsAndKeepsItsLog()
    {
        var id = await SubmitAsync("busybox", "--", "sh", "-c", "echo begun; sleep 600");
        await Eventually.TrueAsync(async () => (await System.ShowAsync(id)).State == JobState.Running, "the job runs");

        var asked = TimeProvider.System.GetTimestamp();
        await System.RunAsync("cancel", id);
        await System.TryAsync("wait", id);

        Assert.Equal(JobState.Canceled, (await System.ShowAsync(id)).State);
        Assert.InRange(TimeProvider.System.GetElapsedTime(asked).TotalSeconds, 0, 20);
        Assert.Equal("begun\n", await System.RunAsync("logs", id));
        await System.RunAsync("cancel", id);
    }

    [Fact]
    public async Task Job_LooksAtItself_FindsMetadataAndNoPrivileges()
    {
        var id = await SubmitAsync("--cpus", "1", "--memory", "256M", "--name", "mirror", "--env", "COLOUR=blue", "busybox", "--", "sh", "-c", "env; id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status");
        Assert.Equal(0, (await System.TryAsync("wait", id)).ExitCode);
        var log = (await System.RunAsync("logs", id)).Split('\n');

        Assert.Contains($"AHOY_JOB_ID={id}", log);
        Assert.Contains("AHOY_JOB_NAME=mirror", log);
        Assert.Contains("AHOY_ATTEMPT=1", log);
        Assert.Contains("AHOY_CPUS=1", log);
        Assert.Contains("COLOUR=blue", log);
        Assert.Contains("CapEff:\t0000000000000000", log);
        Assert.Contains("CapBnd:\t0000000000000000", log);
        Assert.Contains("NoNewPrivs:\t1", log);
        Assert.Contains("Seccomp:\t2", log);
        Assert.Contains("1000", log);
    }

    [Fact]
    public async Task Job_After_LeavesNoContainerOrScratchBehind()
    {
        var id = await SubmitAsync("busybox", "--", "sh", "-c", "sleep 600 & echo rubbish >rubbish-$AHOY_JOB_ID");
        await System.TryAsync("wait", id);

        await Eventually.TrueAsync(
            () => Task.FromResult(!Directory.EnumerateFileSystemEntries(System.Directory.Path, $"rubbish-{id}", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).Any()
                && !ProcessTable.Of(System.Directory.Path).Any(process => process.CommandLine.Contains("sleep 600", StringComparison.Ordinal))),
            "scratch directory and processes of the ended job are gone");
    }

    [Fact]
    public async Task Build_SameInputsTwice_SameDigestAndNoSecondBuild()
    {
        File.SetUnixFileMode(await System.WriteAsync("tool.sh", "#!/bin/sh\necho \"built with $1\"\n"), (UnixFileMode)0b111_101_101);

        var first = await BuildAsync();
        var second = await BuildAsync();

        Assert.Equal((BuildState.Complete, false), (first.State, first.FromStore));
        Assert.Equal((BuildState.Complete, true), (second.State, second.FromStore));
        Assert.Equal(first.Image, second.Image);
        var run = await System.TryAsync("run", "tool", "--", "tool.sh", "love");
        Assert.Equal((0, "built with love\n"), (run.ExitCode, run.Output));

        async Task<BuildView> BuildAsync() =>
            JsonSerializer.Deserialize(await System.RunAsync("build", "tool", "--base", "busybox", "--add", "tool.sh", "--format", "json"), AhoyJson.Default.BuildView)!;
    }

    [Fact]
    public async Task Base_ImportedListedShownRemoved_IsGone()
    {
        await System.RunAsync("base", "import", "passing", System.Directory.Below("busybox"));
        Assert.Contains("passing", await System.RunAsync("base", "ls"));
        Assert.Contains("Busybox of the tests", await System.RunAsync("base", "show", "passing"));

        await System.RunAsync("base", "rm", "passing");

        Assert.DoesNotContain("passing", await System.RunAsync("base", "ls"));
        Assert.NotEqual(0, (await System.TryAsync("base", "show", "passing")).ExitCode);
    }

    [Fact]
    public async Task Agents_ListsTheLocalAgent()
    {
        Assert.Contains("cpus", await System.RunAsync("agents"), StringComparison.OrdinalIgnoreCase);
    }

    private async Task<string> SubmitAsync(params string[] arguments) => (await System.RunAsync(["submit", .. arguments])).Trim();
}
