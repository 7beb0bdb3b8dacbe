using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Ahoy.Tests.Master.Agents;

/// <summary>Hosts that fail, and sites that refuse, must not eat the queue. Time is the test's.</summary>
public sealed class BrokenHostTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync(_time, options => options with { MaxLostAttempts = 20 });
        await _master.AddBaseAsync("base");
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task JobThatAnAgentHasJustLost_GoesToAnother_EvenWhenThatHasNoRoomNow()
    {
        var broken = await _master.AgentAsync("broken", 1, Requests.Gigabyte);
        var other = await _master.AgentAsync("other", 1, Requests.Gigabyte);
        await _master.Manager.SubmitAsync(Requests.Small);
        var busy = await other.TakeAsync();
        var job = await _master.Manager.SubmitAsync(Requests.Small);

        var answer = await FailAsync(broken, await broken.TakeAsync());

        Assert.Empty(answer.Start);
        Assert.Contains("another agent is to try first", (await _master.Manager.JobAsync(job.Id)).Waiting, StringComparison.Ordinal);
        Assert.Equal(new AttemptId(job.Id, 2), Assert.Single((await other.CompleteAsync(busy)).Start.Select(order => new AttemptId(order.Job, order.Attempt))));
    }

    [Fact]
    public async Task JobThatNobodyElseCouldTake_ComesBackToTheAgentThatLostIt()
    {
        var only = await _master.AgentAsync("only", 1, Requests.Gigabyte);
        await _master.Manager.SubmitAsync(Requests.Small);

        Assert.Equal(2, Assert.Single((await FailAsync(only, await only.TakeAsync())).Start).Attempt);
    }

    /// <summary>A program that fills the disk, or a delivery that the master refused, says nothing about the host.</summary>
    [Fact]
    public async Task FaultsAfterTheProgramBegan_PauseNobody()
    {
        var agent = await _master.AgentAsync("healthy", 1, Requests.Gigabyte);
        await _master.Manager.SubmitAsync(Requests.Small);
        await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        for (var i = 0; i < 4; i++)
        {
            var next = await FailAsync(agent, attempt, JobState.Delivering);
            var order = Assert.Single(next.Start);
            attempt = new AttemptId(order.Job, order.Attempt);
        }

        Assert.Null(Assert.Single((await _master.Manager.GetAsync<AgentList>(Routes.Agents)).Agents).PausedUntil);
    }

    [Fact]
    public async Task FaultsInARow_PauseTheAgentLongerAndLonger_AndEverybodyCanSeeIt()
    {
        var agent = await _master.AgentAsync("broken", 1, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        foreach (var pause in (int[])[0, 10, 20, 40, 80])
        {
            await FailAsync(agent, attempt);
            if (pause > 0)
            {
                var view = Assert.Single((await _master.Manager.GetAsync<AgentList>(Routes.Agents)).Agents);
                Assert.Equal(_time.GetUtcNow().AddSeconds(pause), view.PausedUntil);
                Assert.Contains("container runtime failed", view.PauseReason, StringComparison.Ordinal);
                // The message may hold names of one user's files, and everybody sees this.
                Assert.DoesNotContain("It ended so.", view.PauseReason, StringComparison.Ordinal);
                Assert.Contains("is given no jobs", (await _master.Manager.JobAsync(job.Id)).Waiting, StringComparison.Ordinal);
                _time.Advance(TimeSpan.FromSeconds(pause - 1));
                Assert.Empty((await agent.ContactAsync()).Start);
                _time.Advance(TimeSpan.FromSeconds(1));
                attempt = await agent.TakeAsync();
            }
            else
            {
                attempt = Assert.Single(agent.Held);
            }
        }
    }

    [Fact]
    public async Task ProgramThatEndsByItself_ShowsThatTheHostWorks()
    {
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        for (var round = 0; round < 4; round++)
        {
            await _master.Manager.SubmitAsync(Requests.Small);
            await FailAsync(agent, await agent.TakeAsync());
            await agent.ContactAsync(ScriptedAgent.Ended(Assert.Single(agent.Held), JobState.Failed, EndCause.ExitCode));
        }

        Assert.Null(Assert.Single((await _master.Manager.GetAsync<AgentList>(Routes.Agents)).Agents).PausedUntil);
    }

    [Fact]
    public async Task JobThatASiteRefuses_GoesToAnother_AndEndsWithTheRefusalWhenThereIsNone()
    {
        var strict = await _master.AgentAsync("strict", 1, Requests.Gigabyte);
        var other = await _master.AgentAsync("other", 1, Requests.Gigabyte);
        await other.ContactAsync();
        var job = await _master.Manager.SubmitAsync(Requests.Small);

        var answer = await strict.ContactAsync(Refused(await strict.TakeAsync()));
        Assert.Empty(answer.Start);
        var second = await other.TakeAsync();
        Assert.Equal(new AttemptId(job.Id, 2), second);
        await strict.SendAsync(strict.Request(0) with { Draining = true });
        await other.ContactAsync(Refused(second));

        var end = await _master.Manager.JobAsync(job.Id);
        Assert.Equal((JobState.SystemError, EndCause.RefusedBySite), (end.State, end.End!.Cause));
    }

    [Fact]
    public async Task AgentThatServesCertainUsersAndImages_GetsNoOtherJobs_AndTheJobSaysWhy()
    {
        var strict = await _master.AgentAsync("strict", 1, Requests.Gigabyte);
        strict.Capabilities = strict.Capabilities with { AllowedUsers = ["ada"], AllowedImages = ["ba*"] };
        await strict.ContactAsync();
        var ada = await _master.UserAsync("ada");

        var problem = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitAsync(Requests.Small));
        Assert.Equal(ErrorCode.NeverSatisfiable, problem.Code);
        Assert.Contains("does not run jobs of user", problem.Message, StringComparison.Ordinal);
        var open = await _master.AgentAsync("open", 1, Requests.Gigabyte);
        await open.SendAsync(open.Request(0) with { Draining = true });
        var others = await _master.Manager.SubmitAsync(Requests.Small);
        Assert.Contains("strict: its site does not run jobs of user", others.Waiting, StringComparison.Ordinal);
        var hers = await ada.SubmitAsync(Requests.Small);

        Assert.Equal(hers.Id, (await strict.TakeAsync()).Job);
        await _master.AddBaseAsync("other");
        Assert.Contains("does not run the image other", (await ada.SubmitAsync(Requests.Small with { Image = "other" })).Waiting, StringComparison.Ordinal);
    }

    private static async Task<ContactResponse> FailAsync(ScriptedAgent agent, AttemptId attempt, JobState phase = JobState.Preparing)
    {
        var report = ScriptedAgent.Ended(attempt, JobState.SystemError, EndCause.RuntimeFailed);
        agent.Held.Remove(attempt);
        return await agent.ContactAsync(report with { Result = report.Result! with { Retry = true, End = report.Result.End! with { Phase = phase } } });
    }

    private static AttemptReport Refused(AttemptId attempt) => ScriptedAgent.Ended(attempt, JobState.SystemError, EndCause.RefusedBySite);
}
