using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Testing;

namespace Ahoy.Tests.Wrapper;

public sealed class CancelTests : IAsyncLifetime
{
    private const int SigUsr1 = 10, SigTerm = 15;

    private readonly WrapperFixture _wrapper = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _wrapper.DisposeAsync();

    [Fact]
    public async Task Cancel_WhileInputsAreFetched_NeverStartsTheProgram()
    {
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { Until = new TaskCompletionSource() });
        var orders = _wrapper.Shell("touch started") with { Inputs = [_wrapper.Relay.AddInput("in", [1])] };
        var run = _wrapper.RunAsync(orders);
        await WrapperFixture.UntilAsync(() => !_wrapper.Relay.Requests.IsEmpty, "the input is asked for");
        _wrapper.Events.PostSignal(SigTerm);

        var (code, result) = await run;
        Assert.Equal(143, code);
        Assert.Equal((JobState.Canceled, EndCause.Canceled, JobState.Preparing), (result.State, result.End!.Cause, result.End.Phase));
        Assert.False(File.Exists(_wrapper.InScratch("started")));
        Assert.Empty(Directory.EnumerateFiles(_wrapper.Paths.Scratch));
    }

    [Fact]
    public async Task Cancel_WhileTheProgramRuns_ItEndsAndNothingIsDelivered()
    {
        var orders = _wrapper.Shell("echo 1 > out; trap 'exit 0' TERM; echo ready; while :; do sleep 0.02; done") with { Outputs = [new JobOutput { Path = "out" }] };
        var run = _wrapper.RunAsync(orders);
        await _wrapper.UntilOutputAsync("ready");
        _wrapper.Events.PostSignal(SigTerm);

        var (_, result) = await run;
        Assert.Equal((JobState.Canceled, JobState.Running), (result.State, result.End!.Phase));
        Assert.Empty(result.Outputs);
        Assert.Empty(_wrapper.Relay.Delivered);
        Assert.NotNull(result.Use);
    }

    [Fact]
    public async Task Cancel_OfAProgramThatIgnoresSigterm_KillsItAfterTheGrace()
    {
        var run = _wrapper.RunAsync(_wrapper.Shell("trap '' TERM; echo ready; while :; do sleep 0.02; done") with { GraceSeconds = 1 });
        await _wrapper.UntilOutputAsync("ready");
        _wrapper.Events.PostSignal(SigTerm);

        var (_, result) = await run;
        Assert.Equal(JobState.Canceled, result.State);
        Assert.Equal(9, result.End!.Signal);
    }

    [Fact]
    public async Task Cancel_WhileOutputsAreDelivered_DiscardsThem()
    {
        _wrapper.Relay.Faults.Enqueue(new FakeRelayFault { Until = new TaskCompletionSource() });
        var run = _wrapper.RunAsync(_wrapper.Shell("echo 1 > out") with { Outputs = [new JobOutput { Path = "out" }] });
        await WrapperFixture.UntilAsync(() => _wrapper.Relay.Requests.Any(r => r.Operation == RelayOperation.Deliver), "the output is offered");
        _wrapper.Events.PostSignal(SigTerm);

        var (_, result) = await run;
        Assert.Equal((JobState.Canceled, JobState.Delivering), (result.State, result.End!.Phase));
        Assert.Empty(result.Outputs);
    }

    [Fact]
    public async Task OtherSignals_ReachTheWholeProcessGroup()
    {
        var run = _wrapper.RunAsync(_wrapper.Shell("trap 'echo parent' USR1; (trap 'echo child; exit' USR1; echo ready; while :; do sleep 0.02; done); wait; exit 7"));
        await _wrapper.UntilOutputAsync("ready");
        _wrapper.Events.PostSignal(SigUsr1);

        var (_, result) = await run;
        Assert.Equal((JobState.Failed, 7), (result.State, result.ExitCode));
        Assert.Contains("child", _wrapper.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("parent", _wrapper.StandardOutput, StringComparison.Ordinal);
    }
}
