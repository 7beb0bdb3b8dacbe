using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;

namespace Ahoy.SystemTests.Wrapper;

/// <summary>What can be seen only when the wrapper is what it is in a container: the first process of an otherwise empty root.</summary>
public sealed class FirstProcessTests : IAsyncLifetime
{
    private readonly WrapperBox _box = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _box.DisposeAsync();

    [Fact]
    public async Task Job_InAnEmptyRoot_GetsItsInputsAndDeliversItsOutputs()
    {
        // The only program in this root comes as an input.
        var tool = _box.Relay.AddInput("busybox", await File.ReadAllBytesAsync("/bin/busybox"), executable: true);
        var data = _box.Relay.AddInput("data", "some data"u8.ToArray());
        var orders = new WrapperOrders
        {
            Command = ["./busybox", "cp", "data", "copy"],
            Environment = new Dictionary<string, string>(),
            Inputs = [tool, data],
            Outputs = [new JobOutput { Path = "copy" }],
        };
        var (code, printed, result) = await _box.RunAsync(orders);

        Assert.True(code == 0, printed);
        Assert.Equal(JobState.Complete, result!.State);
        Assert.Equal("some data"u8.ToArray(), _box.Relay.Delivered[data.Digest]);
    }

    [Fact]
    public async Task Program_RunsBesideTheFirstProcessAndCannotLookIntoIt()
    {
        var script = """
            echo $PPID
            cat /proc/1/environ || echo hidden
            until [ $(cat /proc/1/oom_score_adj) -lt $(cat /proc/self/oom_score_adj) ]; do sleep 0.02; done
            echo preferred to the wrapper when memory runs out
            """;
        var (code, printed, _) = await _box.RunAsync(_box.Shell(script));

        Assert.True(code == 0, printed);
        Assert.Equal("1\nhidden\npreferred to the wrapper when memory runs out\n", _box.StandardOutput);
    }

    [Fact]
    public async Task Orphans_AreReapedWhileTheProgramRuns()
    {
        var script = "i=0; while [ $i -lt 50 ]; do (true &); i=$((i+1)); done; until ! grep -q '^State:.Z' /proc/[0-9]*/status 2>/dev/null; do :; done; echo none";
        var (code, printed, _) = await _box.RunAsync(_box.Shell(script));

        Assert.True(code == 0, printed);
        Assert.Equal("none\n", _box.StandardOutput);
    }

    [Fact]
    public async Task ProcessesInSessionsOfTheirOwn_EndWithTheProgram()
    {
        var (code, printed, result) = await _box.RunAsync(_box.Shell("setsid sleep 1000 & setsid sh -c 'trap \"\" TERM HUP; sleep 1000' & exit 5"));

        Assert.True(code == 5, printed);
        Assert.InRange(result!.Use!.WallSeconds, 0, 20);
    }

    [Fact]
    public async Task Sigterm_FromOutside_CancelsAndKillsWhatIgnoresIt()
    {
        _box.Start(_box.Shell("trap '' TERM; echo ready; while :; do sleep 1; done") with { GraceSeconds = 1 });
        await _box.UntilOutputAsync("ready");
        _box.Signal("TERM");
        var (code, _, result) = await _box.WaitAsync();

        Assert.Equal(143, code);
        Assert.Equal((JobState.Canceled, 9), (result!.State, result.End!.Signal));
    }

    [Fact]
    public async Task OtherSignals_FromOutside_ReachTheProgram()
    {
        _box.Start(_box.Shell("trap 'echo got; exit 7' USR1; echo ready; while :; do sleep 0.05; done"));
        await _box.UntilOutputAsync("ready");
        _box.Signal("USR1");

        Assert.Equal(7, (await _box.WaitAsync()).Code);
        Assert.EndsWith("got\n", _box.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WatchedMemory_OfSharedPages_IsCountedOnce()
    {
        // Four processes share the 100 MiB of their parent; together they are far from 300 MiB, though each shows 100.
        var script = "v=$(head -c 100000000 /dev/urandom | tr '\\0-\\377' x); for i in 1 2 3 4; do (sleep 1; : ${#v}) & done; wait";
        var (code, printed, result) = await _box.RunAsync(_box.Shell(script) with { WatchMemoryBytes = 800L << 20 });

        Assert.True(code == 0, printed);
        Assert.InRange(result!.Use!.PeakMemoryBytes, 100_000_000, 800L << 20);
    }

    [Fact]
    public async Task InputLargerThanTheDisk_IsNamedAsAFullDisk()
    {
        _box.Setup = "mount -t tmpfs -o size=1m tmpfs scratch";
        var input = _box.Relay.AddInput("large.bin", new byte[2 << 20]);
        var (code, _, result) = await _box.RunAsync(_box.Shell("true") with { Inputs = [input] });

        Assert.Equal(125, code);
        Assert.Equal((JobState.SystemError, EndCause.DiskFull, true), (result!.State, result.End!.Cause, result.Retry));
        Assert.Contains("\"large.bin\" (2M)", result.End.Message, StringComparison.Ordinal);
        Assert.Contains("the disk is full", result.End.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LogOnAFullDisk_DoesNotStopTheProgramAndIsReported()
    {
        _box.Setup = "mount -t tmpfs -o size=1m tmpfs ahoy/out; : > ahoy/out/stdout; : > ahoy/out/stderr";
        var (code, printed, _) = await _box.RunAsync(_box.Shell("head -c 5000000 /dev/urandom; echo done > /scratch/done; exit 0"));

        Assert.Equal(125, code);
        Assert.Contains("No space left on device", printed, StringComparison.Ordinal);
        Assert.True(File.Exists(_box.In("scratch/done")));
    }

    [Fact]
    public async Task WithoutOrders_BecomesTheProgramOfTheArguments()
    {
        _box.Shell("");
        var (code, printed, _) = await _box.RunAsync(null, "/bin/sh", "-c", "echo $$; exit 3");

        Assert.Equal(3, code);
        Assert.Equal("1\n", printed);
    }

    [Fact]
    public async Task WithoutOrdersAndArguments_SaysWhatItIs()
    {
        var (code, printed, _) = await _box.RunAsync(null);

        Assert.Equal(2, code);
        Assert.Contains("ahoy submit IMAGE", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutOrders_MissingProgramIs127()
    {
        var (code, printed, _) = await _box.RunAsync(null, "nothing");

        Assert.Equal(127, code);
        Assert.Contains("\"nothing\"", printed, StringComparison.Ordinal);
    }
}
