using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Testing;

namespace Ahoy.Tests.Wrapper;

public sealed class InputTests : IAsyncLifetime
{
    private static readonly byte[] Large = MakeBytes(3_000_000);

    private readonly WrapperFixture _wrapper = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _wrapper.DisposeAsync();

    [Fact]
    public async Task Inputs_ArriveUnderTheirPathsWithTheirModes()
    {
        var inputs = new List<JobInput>
        {
            _wrapper.Relay.AddInput("tool", "#!/bin/sh\ncat data/empty data/large | wc -c\n"u8.ToArray(), executable: true),
            _wrapper.Relay.AddInput("data/empty", []),
            _wrapper.Relay.AddInput("data/large", Large),
        };
        for (var i = 0; i < 20; i++)
        {
            inputs.Add(_wrapper.Relay.AddInput($"many/{i}", [(byte)i]));
        }

        var (_, result) = await _wrapper.RunAsync(_wrapper.Command("./tool") with { Inputs = inputs });

        Assert.Equal(JobState.Complete, result.State);
        Assert.Equal("3000000\n", _wrapper.StandardOutput);
        Assert.Equal(Large, await File.ReadAllBytesAsync(_wrapper.InScratch("data/large")));
        Assert.Equal((UnixFileMode)0x1A4, File.GetUnixFileMode(_wrapper.InScratch("data/large")));
        Assert.Equal(20, Directory.GetFiles(_wrapper.InScratch("many")).Length);
        Assert.DoesNotContain(Directory.EnumerateFiles(_wrapper.Paths.Scratch), file => Path.GetFileName(file).StartsWith('.'));
    }

    [Fact]
    public async Task BrokenConnections_GoOnWhereTheyBroke()
    {
        foreach (var bytes in new[] { 1_000_000, 0, 500_000 })
        {
            _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { DropAfterBytes = bytes });
        }

        await ExpectCompleteAsync(_wrapper.Relay.AddInput("in", Large));
        Assert.Equal([0L, 1_000_000, 1_000_000, 1_500_000], _wrapper.Relay.Requests.Where(r => r.Operation == RelayOperation.Fetch).Select(r => r.Offset));
    }

    [Fact]
    public async Task TransientErrors_AreRepeated()
    {
        for (var i = 0; i < 3; i++)
        {
            _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { Reply = new RelayReply { Ok = false, Code = ErrorCode.Unavailable, Message = "The master restarts.", Transient = true } });
        }

        await ExpectCompleteAsync(_wrapper.Relay.AddInput("in", Large));
    }

    [Fact]
    public async Task NonsenseFromTheRelay_IsTreatedAsABrokenConnection()
    {
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { RawReply = "HTTP/1.1 400 Bad Request\n" });
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { RawReply = new string('x', 70_000) });
        await ExpectCompleteAsync(_wrapper.Relay.AddInput("in", Large));
    }

    [Fact]
    public async Task WrongBytesOnce_AreFetchedAgainFromTheBeginning()
    {
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { WrongBytes = true });
        await ExpectCompleteAsync(_wrapper.Relay.AddInput("in", Large));
    }

    [Fact]
    public async Task WrongBytesAlways_FailTheInputAndLeaveNothing()
    {
        for (var i = 0; i < 3; i++)
        {
            _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { WrongBytes = true });
        }

        var end = await ExpectFailureAsync(_wrapper.Relay.AddInput("data.csv", Large));
        Assert.Contains("data.csv", end.Message, StringComparison.Ordinal);
        Assert.Contains("digest", end.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_wrapper.Paths.Scratch));
    }

    [Fact]
    public async Task RefusedInput_FailsAtOnceWithTheReason()
    {
        var end = await ExpectFailureAsync(new JobInput { Path = "data.csv", Digest = Digest.Of([9]), Size = 1 });
        Assert.Contains("There is no input", end.Message, StringComparison.Ordinal);
        Assert.Single(_wrapper.Relay.Requests, r => r.Operation == RelayOperation.Fetch);
    }

    [Fact]
    public async Task InputOfAnotherSize_Fails()
    {
        var input = _wrapper.Relay.AddInput("in", [1, 2, 3]) with { Size = 4 };
        Assert.Contains("3 bytes", (await ExpectFailureAsync(input)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PathThatLeavesTheScratchDirectory_IsRefused()
    {
        var input = _wrapper.Relay.AddInput("../in", [1]);
        Assert.Contains("../in", (await ExpectFailureAsync(input)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_wrapper.InScratch("../in")));
    }

    [Fact]
    public async Task InputBelowAnotherInput_FailsWithItsName()
    {
        var (_, result) = await _wrapper.RunAsync(_wrapper.Shell("true") with { Inputs = [_wrapper.Relay.AddInput("a", [1]), _wrapper.Relay.AddInput("a/b", [2])] });
        Assert.Equal(EndCause.InputFailed, result.End!.Cause);
        Assert.Contains("\"a", result.End.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AbsentRelay_IsWaitedFor()
    {
        await _wrapper.Relay.DisposeAsync();
        File.Delete(_wrapper.Paths.Socket);
        var input = new JobInput { Path = "in", Digest = Digest.Of(Large), Size = Large.Length };
        var run = _wrapper.RunAsync(_wrapper.Shell("wc -c < in") with { Inputs = [input] });
        await WrapperFixture.UntilAsync(() => Directory.EnumerateFiles(_wrapper.Paths.Scratch, ".ahoy-*").Any(), "the wrapper has begun");
        // It must know its input before the wrapper can find it.
        _wrapper.Relay = new FakeRelay(_wrapper.Paths.Socket + ".new");
        _wrapper.Relay.AddInput("in", Large);
        File.Move(_wrapper.Paths.Socket + ".new", _wrapper.Paths.Socket);

        Assert.Equal(JobState.Complete, (await run).Result.State);
        Assert.Equal("3000000\n", _wrapper.StandardOutput);
    }

    [Fact]
    public async Task RelayThatNeverComes_EndsAsSystemErrorThatMayBeRetried()
    {
        await _wrapper.Relay.DisposeAsync();
        _wrapper.Policy = _wrapper.Policy with { GiveUpAfter = TimeSpan.FromMilliseconds(100) };
        var (code, result) = await _wrapper.RunAsync(_wrapper.Shell("true") with { Inputs = [new JobInput { Path = "in", Digest = Digest.Of([1]), Size = 1 }] });

        Assert.Equal(125, code);
        Assert.Equal((JobState.SystemError, EndCause.InputFailed, true), (result.State, result.End!.Cause, result.Retry));
        Assert.Contains("Gave up after", result.End.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RelayThatStalls_IsAskedAgain()
    {
        _wrapper.Policy = _wrapper.Policy with { StallTime = TimeSpan.FromMilliseconds(200) };
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { Until = new TaskCompletionSource() });
        await ExpectCompleteAsync(_wrapper.Relay.AddInput("in", Large));
    }

    private async Task ExpectCompleteAsync(JobInput input)
    {
        var (_, result) = await _wrapper.RunAsync(_wrapper.Shell("true") with { Inputs = [input] });
        Assert.Null(result.End);
        Assert.Equal(JobState.Complete, result.State);
        Assert.Equal(Large, await File.ReadAllBytesAsync(_wrapper.InScratch(input.Path)));
    }

    private async Task<JobEnd> ExpectFailureAsync(JobInput input)
    {
        var (code, result) = await _wrapper.RunAsync(_wrapper.Shell("true") with { Inputs = [input] });
        Assert.Equal(125, code);
        Assert.Equal((JobState.SystemError, EndCause.InputFailed, JobState.Preparing), (result.State, result.End!.Cause, result.End.Phase));
        Assert.False(result.Retry);
        return result.End;
    }

    private static byte[] MakeBytes(int count)
    {
        var bytes = new byte[count];
        new Random(42).NextBytes(bytes);
        return bytes;
    }
}
