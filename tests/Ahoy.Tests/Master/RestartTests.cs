using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.Tests.Master;

public sealed class RestartTests : IAsyncLifetime
{
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        await _master.AddBaseAsync("base");
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Restart_KeepsEveryJobWhereItWas_AndTheAgentGoesOn()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var running = await _master.Manager.SubmitAsync(Requests.WithOutputs("a"));
        var first = await agent.TakeAsync();
        await agent.ReportAsync(first, JobState.Running);
        var assigned = await _master.Manager.SubmitAsync(Requests.Small);
        var second = await agent.TakeAsync();
        var queued = await _master.Manager.SubmitAsync(Requests.Small);

        await _master.RestartAsync();

        Assert.Equal(JobState.Running, (await _master.Manager.JobAsync(running.Id)).State);
        Assert.Equal(JobState.Assigned, (await _master.Manager.JobAsync(assigned.Id)).State);
        Assert.Equal(JobState.Queued, (await _master.Manager.JobAsync(queued.Id)).State);
        agent = agent.At(_master);
        Assert.Empty((await agent.ContactAsync()).Start);
        var answer = await agent.CompleteAsync(first, await agent.DeliverAsync(first, "a", "x"u8.ToArray()));
        Assert.Equal(queued.Id, Assert.Single(answer.Start).Job);
        await agent.ContactAsync(ScriptedAgent.Completed(second), ScriptedAgent.Completed(new AttemptId(queued.Id, 1)));
        foreach (var job in new[] { running, assigned, queued })
            Assert.Equal((JobState.Complete, 1), ((await _master.Manager.JobAsync(job.Id)).State, (await _master.Manager.JobAsync(job.Id)).Attempt));
        Assert.Equal("x"u8.ToArray(), await _master.Manager.OutputAsync(running.Id, "a"));
    }

    [Fact]
    public async Task OrderThatWasLostWithTheKilledMaster_IsGivenAgain()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        await agent.SendAsync(agent.Request(0));

        await _master.RestartAsync();
        agent = agent.At(_master);
        var attempt = await agent.TakeAsync();
        await agent.CompleteAsync(attempt);

        Assert.Equal(job.Id, attempt.Job);
        Assert.Equal(JobState.Complete, (await _master.Manager.JobAsync(job.Id)).State);
    }

    [Fact]
    public async Task Kill_WithoutAnOrderlyStop_LosesNothingThatWasAnswered()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var ended = await _master.Manager.SubmitAsync(Requests.WithOutputs("a"));
        var first = await agent.TakeAsync();
        await agent.CompleteAsync(first, await agent.DeliverAsync(first, "a", "x"u8.ToArray()));
        var running = await _master.Manager.SubmitAsync(Requests.Small);
        var second = await agent.TakeAsync();
        await agent.ReportAsync(second, JobState.Running);

        await using var after = await _master.StartFromCopyAsync();

        Assert.Equal("x"u8.ToArray(), await after.Manager.OutputAsync(ended.Id, "a"));
        Assert.Equal(JobState.Running, (await after.Manager.JobAsync(running.Id)).State);
        await agent.At(after).CompleteAsync(second);
        Assert.Equal(JobState.Complete, (await after.Manager.JobAsync(running.Id)).State);
    }

    [Fact]
    public async Task EndThatTheKilledMasterHadNotAnswered_IsTakenWhenItIsReportedAgain()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        var report = agent.Request(0, ScriptedAgent.Completed(attempt));
        await agent.SendAsync(report);

        await _master.RestartAsync();
        var answer = await agent.At(_master).SendAsync(report);

        Assert.Equal(job.Id, Assert.Single(answer.Settled).Job);
        Assert.Equal(JobState.Complete, (await _master.Manager.JobAsync(job.Id)).State);
    }

    [Fact]
    public async Task Stop_AnswersWaitingCallsAtOnce()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        await agent.ContactAsync();
        var waiting = agent.ContactAsync(waitSeconds: 60);

        var begun = TimeProvider.System.GetTimestamp();
        await _master.RestartAsync();

        Assert.InRange(TimeProvider.System.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(15));
        try
        {
            Assert.Empty((await waiting).Start);
        }
        catch (HttpRequestException e)
        {
            // The call had not arrived before the master stopped listening.
            Assert.NotEmpty(e.Message);
        }
    }

    [Fact]
    public async Task AgentsCapabilities_AreKnownAfterARestart_BeforeItCalls()
    {
        await (await _master.AgentAsync("one", 2, Requests.Gigabyte)).ContactAsync();

        await _master.RestartAsync();

        var view = Assert.Single((await _master.Manager.GetAsync<AgentList>(Routes.Agents)).Agents);
        Assert.Equal(("one", 2, false), (view.Name, view.Capabilities.Cpus, view.Alive));
        await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitAsync(Requests.Sized(64, Requests.Gigabyte)));
    }
}
