using System.Globalization;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Wrapper;

public sealed class ProgramTests : IAsyncLifetime
{
    private readonly WrapperFixture _wrapper = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _wrapper.DisposeAsync();

    [Fact]
    public async Task Program_ThatSucceeds_IsCompleteWithItsOutputAndUse()
    {
        var (code, result) = await _wrapper.RunAsync(_wrapper.Shell("echo $GREETING; pwd; echo oops >&2"));

        Assert.Equal(0, code);
        Assert.Equal(JobState.Complete, result.State);
        Assert.Equal(0, result.ExitCode);
        Assert.Null(result.End);
        Assert.Equal($"ahoy, 世界\n{_wrapper.Paths.Scratch}\n", _wrapper.StandardOutput);
        Assert.Equal("oops\n", File.ReadAllText(Path.Combine(_wrapper.Paths.Out, "stderr")));
        Assert.True(result.Use!.PeakMemoryBytes > 100_000, "peak memory");
        Assert.True(result.Use.WallSeconds > 0, "wall time");
    }

    [Fact]
    public async Task Program_ThatComputes_ItsProcessorTimeIsMeasured()
    {
        var (_, result) = await _wrapper.RunAsync(_wrapper.Shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"));

        Assert.InRange(result.Use!.CpuSeconds, 0.02, 10);
    }

    [Fact]
    public async Task Program_WithExitCode_FailsWithItsLastLines()
    {
        var (code, result) = await _wrapper.RunAsync(_wrapper.Shell("for i in $(seq 100); do echo line $i >&2; done; echo last >&2; exit 3"));

        Assert.Equal(3, code);
        Assert.Equal((JobState.Failed, EndCause.ExitCode, JobState.Running), (result.State, result.End!.Cause, result.End.Phase));
        Assert.Equal(3, result.End.ExitCode);
        Assert.Contains("exit code 3", result.End.Message, StringComparison.Ordinal);
        Assert.EndsWith("line 100\nlast", result.End.LastOutput, StringComparison.Ordinal);
        Assert.Equal(20, result.End.LastOutput!.Split('\n').Length);
        Assert.False(result.Retry);
    }

    [Fact]
    public async Task Program_KilledByASignal_FailsWithItsName()
    {
        var (code, result) = await _wrapper.RunAsync(_wrapper.Shell("echo before; kill -SEGV $$"));

        Assert.Equal(139, code);
        Assert.Equal((JobState.Failed, EndCause.Signal), (result.State, result.End!.Cause));
        Assert.Equal((null, 11), (result.End.ExitCode, result.End.Signal));
        Assert.Contains("SIGSEGV", result.End.Message, StringComparison.Ordinal);
        Assert.Equal("before", result.End.LastOutput);
        Assert.NotNull(result.End.Hint);
    }

    [Fact]
    public async Task Program_ExceedingItsTime_IsEndedEvenWhenItIgnoresSigterm()
    {
        var orders = _wrapper.Shell("trap '' TERM; while :; do sleep 0.1; done") with { WallTimeSeconds = 1, GraceSeconds = 1 };
        var (code, result) = await _wrapper.RunAsync(orders);

        Assert.Equal(137, code);
        Assert.Equal((JobState.Failed, EndCause.WallTimeLimit), (result.State, result.End!.Cause));
        Assert.Contains("the limit is 1s", result.End.Message, StringComparison.Ordinal);
        Assert.InRange(result.Use!.WallSeconds, 1.9, 10);
    }

    [Fact]
    public async Task Program_ExceedingItsTime_FailsAlthoughItThenExitsWithZero()
    {
        var orders = _wrapper.Shell("trap 'exit 0' TERM; while :; do sleep 0.05; done") with { WallTimeSeconds = 1 };
        var (code, result) = await _wrapper.RunAsync(orders);

        Assert.Equal(EndCause.WallTimeLimit, result.End!.Cause);
        Assert.NotEqual(0, code);
    }

    [Fact]
    public async Task Program_ExceedingItsWatchedMemory_FailsWithPeakAndLimit()
    {
        // tail keeps what it may have to print; sleep keeps it from printing before the wrapper has looked.
        var orders = _wrapper.Shell("head -c 200M /dev/zero | tail -c 200M | (sleep 30; cat) | wc -c") with { WatchMemoryBytes = 64 << 20 };
        var (code, result) = await _wrapper.RunAsync(orders);

        Assert.Equal(137, code);
        Assert.Equal((JobState.Failed, EndCause.MemoryLimit), (result.State, result.End!.Cause));
        Assert.True(result.Use!.PeakMemoryBytes > 64 << 20, "the peak is above the limit");
        Assert.Contains("the limit is 64M", result.End.Message, StringComparison.Ordinal);
        Assert.Contains("--memory", result.End.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_WithTooManyProcesses_IsKilled()
    {
        var orders = _wrapper.Shell("i=0; while [ $i -lt 20 ]; do sleep 60 & i=$((i+1)); done; wait") with { WatchProcesses = 10 };
        var (_, result) = await _wrapper.RunAsync(orders);

        Assert.Equal((JobState.Failed, EndCause.Signal), (result.State, result.End!.Cause));
        Assert.Contains("more than 10 processes", result.End.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_WithinItsWatchedMemory_IsComplete()
    {
        var (_, result) = await _wrapper.RunAsync(_wrapper.Shell("sleep 0.2") with { WatchMemoryBytes = 512 << 20 });

        Assert.Equal(JobState.Complete, result.State);
        Assert.InRange(result.Use!.PeakMemoryBytes, 1, 512 << 20);
    }

    [Fact]
    public async Task Program_InheritsNothingFromTheWrapper()
    {
        // The shell reads its signal masks without a child: around each start of one it blocks signals for a moment.
        var (_, result) = await _wrapper.RunAsync(_wrapper.Shell("""
            while read -r line; do case $line in SigBlk:*|SigIgn:*) echo "$line";; esac; done < /proc/$$/status
            cat; ls /proc/$$/fd; cut -d' ' -f5,6 /proc/$$/stat; echo $$
            """));

        Assert.Equal(JobState.Complete, result.State);
        var lines = _wrapper.StandardOutput.Split('\n');
        Assert.Equal(0UL, Mask("SigBlk"));
        // 32 and 33 belong to the C library itself: posix_spawn of glibc leaves them ignored.
        Assert.Equal(0UL, Mask("SigIgn") & ~0x1_8000_0000UL);
        // No descriptor but those three, a standard input that is at its end (cat), and a process group and session of its own.
        Assert.Equal(["0", "1", "2", $"{lines[6]} {lines[6]}"], lines[2..6]);

        ulong Mask(string name) => ulong.Parse(lines.Single(line => line.StartsWith(name, StringComparison.Ordinal))[(name.Length + 1)..].Trim(), NumberStyles.HexNumber);
    }

    [Fact]
    public async Task Program_ThatLeavesProcessesBehind_TheyAreKilledAndDoNotHoldTheResult()
    {
        var (_, result) = await _wrapper.RunAsync(_wrapper.Shell("sleep 1000 & echo $!"));

        Assert.Equal(JobState.Complete, result.State);
        Assert.InRange(result.Use!.WallSeconds, 0, 10);
        var left = int.Parse(_wrapper.StandardOutput.Trim());
        await WrapperFixture.UntilAsync(() => !IsAlive(left), "the background process is gone");
    }

    [Fact]
    public async Task Program_WritingMoreThanIsKept_EndsByItselfAndItsLogSaysSo()
    {
        var (_, result) = await _wrapper.RunAsync(_wrapper.Shell("head -c 1000000 /dev/zero | tr '\\0' x") with { MaxLogBytes = 1024 });

        Assert.Equal(JobState.Complete, result.State);
        var log = _wrapper.StandardOutput;
        Assert.Equal(1024, log.Count(c => c == 'x'));
        Assert.EndsWith("[ahoy: the output was cut after 1K; 998976 more bytes were dropped]\n", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_IsInTheFileWhileTheProgramRuns()
    {
        var run = _wrapper.RunAsync(_wrapper.Shell("echo started; while [ ! -e go ]; do sleep 0.02; done"));
        await _wrapper.UntilOutputAsync("started");
        Assert.False(run.IsCompleted);
        _wrapper.Write("go", "");

        Assert.Equal(JobState.Complete, (await run).Result.State);
    }

    [Fact]
    public async Task Orders_ThatAreNoJson_AreAResultToo()
    {
        File.WriteAllText(_wrapper.Paths.Orders, "{");
        var code = new Ahoy.Wrapper.WrapperRun(_wrapper.Paths, _wrapper.Events, new Ahoy.Wrapper.Programs.ProcessScope(false), _wrapper.Policy).Run();

        Assert.Equal(125, code);
        Assert.Contains("orders", await File.ReadAllTextAsync(Path.Combine(_wrapper.Paths.Out, "result.json")), StringComparison.Ordinal);
    }

    private static bool IsAlive(int pid) =>
        File.Exists($"/proc/{pid}/stat") && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z", StringComparison.Ordinal);
}
