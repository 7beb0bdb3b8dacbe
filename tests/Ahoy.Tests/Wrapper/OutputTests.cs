using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Testing;

namespace Ahoy.Tests.Wrapper;

public sealed class OutputTests : IAsyncLifetime
{
    private readonly WrapperFixture _wrapper = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _wrapper.DisposeAsync();

    [Fact]
    public async Task Outputs_AreDeliveredWithDigestSizeAndMode()
    {
        var (code, result) = await RunAsync("mkdir d; printf one > d/one; printf two > two; chmod +x two; : > empty", "d/one", "two", "empty");

        Assert.Equal(0, code);
        Assert.Equal(JobState.Complete, result.State);
        Assert.Equal(
            [
                new OutputFile { Path = "d/one", Digest = Digest.Of("one"u8), Size = 3 },
                new OutputFile { Path = "two", Digest = Digest.Of("two"u8), Size = 3, Executable = true },
                new OutputFile { Path = "empty", Digest = Digest.Of([]), Size = 0 },
            ],
            result.Outputs);
        Assert.Equal("one"u8.ToArray(), _wrapper.Relay.Delivered[Digest.Of("one"u8)]);
    }

    [Fact]
    public async Task FolderOfAnOutput_IsThereBeforeTheProgramStarts()
    {
        Assert.Equal(JobState.Complete, (await RunAsync("printf one > results/deep/one", "results/deep/one")).Result.State);
    }

    [Fact]
    public async Task BrokenDelivery_GoesOnWhereItBroke()
    {
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { DropAfterBytes = 1_000_000 });
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { DropAfterBytes = 1 });
        var (_, result) = await RunAsync("head -c 3000000 /dev/zero > zeros", "zeros");

        Assert.Equal(JobState.Complete, result.State);
        Assert.Equal(3_000_000, _wrapper.Relay.Delivered[result.Outputs[0].Digest].Length);
        Assert.Equal(3, _wrapper.Relay.Requests.Count(r => r.Operation == RelayOperation.Deliver));
    }

    [Fact]
    public async Task OutputThatTheAgentHas_IsNotSentAgain()
    {
        _wrapper.Relay.Delivered[Digest.Of("known"u8)] = "known"u8.ToArray();
        Assert.Equal(JobState.Complete, (await RunAsync("printf known > out", "out")).Result.State);
    }

    [Fact]
    public async Task MissingOutput_FailsAndNamesWhatIsThereInstead()
    {
        var (code, result) = await RunAsync("echo 1 > results.json; echo 2 > kept", "result.json", "kept");

        Assert.Equal(125, code);
        Assert.Equal((JobState.Failed, EndCause.MissingOutput, JobState.Delivering), (result.State, result.End!.Cause, result.End.Phase));
        Assert.Equal("The program did not write its output \"result.json\". In the scratch directory there is: kept, results.json.", result.End.Message);
        Assert.Equal("kept", Assert.Single(result.Outputs).Path);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public async Task MissingOutputInAMissingDirectory_NamesWhatIsAboveIt()
    {
        var (_, result) = await RunAsync("rmdir out/b; echo 1 > out/a", "out/b/c");
        Assert.Contains("In \"out\" there is: out/a.", result.End!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mkdir out", "it is a directory")]
    [InlineData("mkfifo out", "it is a named pipe")]
    [InlineData("ln -s /etc/passwd out", "outside of the scratch directory")]
    [InlineData("ln -s ../orders.json out", "leads out of the scratch directory")]
    [InlineData("mkdir d; ln -s ../.. d/up; ln -s d/up/orders.json out", "leads out of the scratch directory")]
    [InlineData("ln -s out out", "leads to itself")]
    public async Task OutputThatIsNoFileOfTheScratchDirectory_IsRefusedWithTheReason(string script, string reason)
    {
        var (_, result) = await RunAsync(script, "out");

        Assert.Equal((JobState.Failed, EndCause.MissingOutput), (result.State, result.End!.Cause));
        Assert.Contains("\"out\"", result.End.Message, StringComparison.Ordinal);
        Assert.Contains(reason, result.End.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_wrapper.Relay.Requests, r => r.Operation == RelayOperation.Deliver);
    }

    [Theory]
    [InlineData("printf x > real; ln -s real out")]
    [InlineData("mkdir a; printf x > a/real; ln -s a b; ln -s $PWD/b/../a/./real out")]
    public async Task LinkWithinTheScratchDirectory_DeliversItsTarget(string script)
    {
        var (_, result) = await RunAsync(script, "out");
        Assert.Null(result.End);
        Assert.Equal(new OutputFile { Path = "out", Digest = Digest.Of("x"u8), Size = 1 }, Assert.Single(result.Outputs));
    }

    [Fact]
    public async Task OutputsOfAFailedProgram_AreDeliveredAllTheSame()
    {
        var (code, result) = await RunAsync("echo partial > log; exit 4", "log", "never");

        Assert.Equal(4, code);
        Assert.Equal((JobState.Failed, EndCause.ExitCode), (result.State, result.End!.Cause));
        Assert.Equal("log", Assert.Single(result.Outputs).Path);
    }

    [Fact]
    public async Task RefusedDelivery_IsASystemError()
    {
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { Reply = new RelayReply { Ok = false, Code = ErrorCode.StaleAttempt, Message = "The lease is gone." } });
        var (code, result) = await RunAsync("echo 1 > out", "out");

        Assert.Equal(125, code);
        Assert.Equal((JobState.SystemError, EndCause.OutputFailed, JobState.Delivering), (result.State, result.End!.Cause, result.End.Phase));
        Assert.Equal("The output \"out\" could not be delivered: The lease is gone.", result.End.Message);
    }

    [Fact]
    public async Task DeliveryRefusedHalfWay_FailsAtOnceWithTheReason()
    {
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { DropAfterBytes = 100_000, Reply = new RelayReply { Ok = false, Code = ErrorCode.StaleAttempt, Message = "The lease is gone." } });
        var (_, result) = await RunAsync("head -c 20000000 /dev/zero > out", "out");

        Assert.Equal(EndCause.OutputFailed, result.End!.Cause);
        Assert.Contains("The lease is gone.", result.End.Message, StringComparison.Ordinal);
        Assert.Single(_wrapper.Relay.Requests, r => r.Operation == RelayOperation.Deliver);
    }

    [Fact]
    public async Task FullDiskOfTheAgent_IsNamedAndMayBeRetried()
    {
        _wrapper.Policy = _wrapper.Policy with { GiveUpAfter = TimeSpan.Zero };
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { Reply = new RelayReply { Ok = false, Code = ErrorCode.DiskFull, Message = "The agent's disk is full.", Transient = true } });
        var (_, result) = await RunAsync("echo 1 > out", "out");

        Assert.Equal((EndCause.DiskFull, true), (result.End!.Cause, result.Retry));
    }

    [Fact]
    public async Task Phases_AreToldInTheirOrder()
    {
        var run = RunAsync("while [ ! -e go ]; do sleep 0.02; done; echo 1 > out", "out");
        await WrapperFixture.UntilAsync(() => _wrapper.Relay.Phases.Contains(JobState.Running), "RUNNING is told");
        // Holds the delivery open, so that the phase has time to be told.
        var held = new TaskCompletionSource();
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { Until = held });
        _wrapper.Write("go", "");
        await WrapperFixture.UntilAsync(() => _wrapper.Relay.Phases.Contains(JobState.Delivering), "DELIVERING is told");
        held.SetResult();

        Assert.Equal(JobState.Complete, (await run).Result.State);
        Assert.Equal([JobState.Running, JobState.Delivering], _wrapper.Relay.Phases);
    }

    private Task<(int Code, WrapperResult Result)> RunAsync(string script, params string[] outputs) =>
        _wrapper.RunAsync(_wrapper.Shell(script) with { Outputs = [.. outputs.Select(path => new JobOutput { Path = path })] });
}
