using Ahoy.Client.Jobs;
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

        var following = new JobFollower(fixture.Context, api).FollowAsync(job, interrupt.Token);
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

        Assert.Equal(137, await new JobFollower(fixture.Context, api).FollowAsync(job, CancellationToken.None));

        Assert.Contains("It used 1.1G of 1G.", fixture.Error);
        Assert.Contains("--memory 2G", fixture.Error);
    }
}
