using Ahoy.Client.Jobs;
using Ahoy.Client.Output;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Client;

public sealed class JobFollowerTests
{
    [Fact]
    public async Task Follow_Interrupted_CancelsTheJobAndWaitsForItsEnd()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        using var api = master.Connect();
        master.Outcome = queued => queued with { State = JobState.Running, Version = 2 };
        var job = await api.SubmitAsync(new JobRequest { Image = "i", Command = ["c"] }, "key", CancellationToken.None);
        using var interrupt = new CancellationTokenSource();

        var following = new JobFollower(fixture.Context, api, Verbosity.Normal).FollowAsync(job, interrupt.Token);
        await master.Waited.Task;
        await interrupt.CancelAsync();

        Assert.Equal(130, await following);
        Assert.Equal(JobState.Canceled, master.Jobs[job.Id.Value].State);
        Assert.Contains("is CANCELED", fixture.Error);
    }

    [Fact]
    public async Task Follow_MemoryLimit_TellsTheReasonAndTheHint()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        using var api = master.Connect();
        master.Outcome = queued => queued with
        {
            State = JobState.Failed,
            Version = 2,
            End = new JobEnd { Cause = EndCause.MemoryLimit, Phase = JobState.Running, Message = "It used 1.1G of 1G.", Hint = "Ask for more: --memory 2G." },
        };
        var job = await api.SubmitAsync(new JobRequest { Image = "i", Command = ["c"] }, "key", CancellationToken.None);

        Assert.Equal(137, await new JobFollower(fixture.Context, api, Verbosity.Normal).FollowAsync(job, CancellationToken.None));

        Assert.Contains("It used 1.1G of 1G.", fixture.Error);
        Assert.Contains("--memory 2G", fixture.Error);
    }

    [Fact]
    public async Task Follow_WhileTheImageTravels_DrawsABarThatTheProgramsOutputReplaces()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master, interactive: true);
        using var api = master.Connect();
        master.Outcome = queued => queued with { State = JobState.Preparing, Version = 2, Agent = "hpc1", Pull = new PullProgress { Done = 5 << 20, Total = 10 << 20 } };
        var job = await api.SubmitAsync(new JobRequest { Image = "i", Command = ["c"] }, "key", CancellationToken.None);

        var following = new JobFollower(fixture.Context, api, Verbosity.Normal).FollowAsync(job, CancellationToken.None);
        await Testing.Eventually.TrueAsync(() => Task.FromResult(fixture.Error.Contains("hpc1 fetches the image [============>           ]  50% 5M of 10M", StringComparison.Ordinal)), "the bar is drawn");
        master.Logs["stdout"] = "hello\n"u8.ToArray();
        master.Jobs[job.Id.Value] = master.Jobs[job.Id.Value] with { State = JobState.Complete, ExitCode = 0, Version = 3 };

        Assert.Equal(0, await following);
        Assert.Equal("hello\n", fixture.Output);
        Assert.EndsWith("\r\u001b[K", fixture.Error);
    }

    [Fact]
    public async Task Follow_NoTerminal_TellsStatesOnlyWhenAskedTo()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        using var api = master.Connect();
        var job = await api.SubmitAsync(new JobRequest { Image = "i", Command = ["c"] }, "key", CancellationToken.None);

        await new JobFollower(fixture.Context, api, Verbosity.Normal).FollowAsync(job, CancellationToken.None);
        Assert.Empty(fixture.Error);
        await new JobFollower(fixture.Context, api, Verbosity.Verbose).FollowAsync(job, CancellationToken.None);

        Assert.Contains("Job 1 is QUEUED", fixture.Error);
    }
}
