using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Ahoy.Tests.Master.Agents;

/// <summary>Agents that vanish, forget and return. Time is the test's.</summary>
public sealed class LostAgentTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync(_time, options => options with { Lease = TimeSpan.FromSeconds(10), MaxLostAttempts = 2 });
        await _master.AddBaseAsync("base");
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Cancel_OfAnAgentThatNeverComesBack_IsFinalWhenItsLeaseEnds()
    {
        var (_, job, _) = await RunningAsync();
        Assert.Equal(JobState.Canceling, (await _master.Manager.CancelAsync(job.Id)).State);

        var end = await AfterTheLeaseAsync(job.Id, view => view.State != JobState.Canceling);

        Assert.Equal((JobState.Canceled, EndCause.Canceled), (end.State, end.End!.Cause));
    }

    [Fact]
    public async Task Cancel_AcrossARestartOfTheMaster_IsStillFinalWhenTheLeaseEnds()
    {
        var (_, job, _) = await RunningAsync();
        await _master.Manager.CancelAsync(job.Id);

        await _master.RestartAsync();

        Assert.Equal(JobState.Canceling, (await _master.Manager.JobAsync(job.Id)).State);
        Assert.Equal(JobState.Canceled, (await AfterTheLeaseAsync(job.Id, view => view.State != JobState.Canceling)).State);
    }

    [Fact]
    public async Task Cancel_ThatAnAgentInContactNeverConfirms_IsFinalAfterAWhile_AndTheAttemptIsToBeDiscarded()
    {
        var (agent, job, attempt) = await RunningAsync();
        await _master.Manager.CancelAsync(job.Id);
        var answers = new List<HeldAttempt>();

        await AdvanceUntilAsync(
            async () =>
            {
                answers.AddRange((await agent.SendAsync(agent.Request(0))).Discard);
                return (await _master.Manager.JobAsync(job.Id)).State == JobState.Canceled && answers.Count > 0;
            },
            "the cancel was final and the agent was told to discard the attempt",
            TimeSpan.FromSeconds(2));

        Assert.Equal(EndCause.Canceled, (await _master.Manager.JobAsync(job.Id)).End!.Cause);
        Assert.Equal(attempt.Number, answers[0].Attempt);
    }

    [Fact]
    public async Task AgentThatReturnsAfterItsLease_IsToldToDiscard_AndItsReportsAndOutputsAreRefused()
    {
        var (agent, job, attempt) = await RunningAsync();
        await AfterTheLeaseAsync(job.Id, view => view.State == JobState.Queued);
        var other = await _master.AgentAsync("other", 1, Requests.Gigabyte);
        var second = await other.TakeAsync();
        await other.ReportAsync(second, JobState.Running);

        Assert.Equal(ErrorCode.StaleAttempt, (await Assert.ThrowsAsync<AhoyException>(() => agent.DeliverAsync(attempt, "a", "late"u8.ToArray()))).Code);
        Assert.Equal(ErrorCode.StaleAttempt, (await Assert.ThrowsAsync<AhoyException>(() => agent.ReadBlobAsync(attempt, job.ImageDigest))).Code);
        var answer = await agent.ContactAsync(
            ScriptedAgent.Printed(attempt, JobState.Running, 0, "late"u8.ToArray()),
            ScriptedAgent.Completed(attempt, new OutputFile { Path = "a", Digest = Digest.Of("late"u8), Size = 4 }));

        Assert.Equal(attempt.Number, Assert.Single(answer.Discard).Attempt);
        Assert.Empty(answer.Settled);
        var view = await _master.Manager.JobAsync(job.Id);
        Assert.Equal((JobState.Running, 2, "other"), (view.State, view.Attempt, view.Agent));
        Assert.Equal("", await _master.Manager.LogAsync(job.Id, LogStream.Stdout));
        Assert.Equal([Digest.Of("late"u8)], await _master.Manager.MissingAsync(Digest.Of("late"u8)));
    }

    [Fact]
    public async Task AgentThatReturns_WithAnAttemptWhoseJobWasEndedWithoutIt_IsToldToStopIt()
    {
        var (agent, job, attempt) = await RunningAsync();
        await _master.Manager.CancelAsync(job.Id);
        await AfterTheLeaseAsync(job.Id, view => view.State == JobState.Canceled);

        var answer = await agent.ContactAsync();

        // "Settled" would let the program run on to its end.
        Assert.Equal(attempt.Number, Assert.Single(answer.Discard).Attempt);
        Assert.Empty(answer.Settled);
    }

    [Fact]
    public async Task JobThatLosesItsHostsTooOften_EndsWithTheCauseHostLost()
    {
        var (_, job, _) = await RunningAsync();
        await AfterTheLeaseAsync(job.Id, view => view.State == JobState.Queued);
        var other = await _master.AgentAsync("other", 1, Requests.Gigabyte);
        var second = await other.TakeAsync();
        await other.ReportAsync(second, JobState.Running);

        var end = await AfterTheLeaseAsync(job.Id, view => view.State != JobState.Running);

        Assert.Equal((JobState.SystemError, EndCause.HostLost, JobState.Running), (end.State, end.End!.Cause, end.End.Phase));
        Assert.Contains("other", end.End.Message, StringComparison.Ordinal);
        Assert.NotNull(end.End.Hint);
        Assert.Equal(2, Assert.Single((await other.ContactAsync()).Discard).Attempt);
    }

    [Fact]
    public async Task Log_SaysWhichAttemptItIsOf()
    {
        var (agent, job, attempt) = await RunningAsync();
        await agent.ContactAsync(ScriptedAgent.Printed(attempt, JobState.Running, 0, "first"u8.ToArray()));
        Assert.Equal("1", await AttemptOfLogAsync(job.Id));
        agent.Forget();
        await agent.TakeAsync();

        Assert.Equal("2", await AttemptOfLogAsync(job.Id));
    }

    [Fact]
    public async Task AgentThatForgets_LosesTheAttempt_AndIsGivenTheNextOne()
    {
        var (agent, job, _) = await RunningAsync();

        agent.Forget();
        var again = await agent.TakeAsync();

        Assert.Equal(new AttemptId(job.Id, 2), again);
    }

    [Fact]
    public async Task AgentThatRestartsWithoutWhatItWasGiven_GetsItAsANewAttempt()
    {
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();

        agent.Forget();

        // It may have begun: the program must be able to tell the two apart.
        Assert.Equal(attempt with { Number = 2 }, await agent.TakeAsync());
    }

    [Fact]
    public async Task RetryableFaults_AreTriedAgain_ButNotForEver()
    {
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);

        for (var number = 1; number <= 2; number++)
        {
            var attempt = await agent.TakeAsync();
            Assert.Equal(number, attempt.Number);
            var report = ScriptedAgent.Ended(attempt, JobState.SystemError, EndCause.InputFailed);
            await agent.SendAsync(agent.Request(0, report with { Result = report.Result! with { Retry = true } }));
            agent.Held.Clear();
            _time.Advance(TimeSpan.FromSeconds(6));
        }

        var end = await _master.Manager.JobAsync(job.Id);
        Assert.Equal((JobState.SystemError, EndCause.InputFailed), (end.State, end.End!.Cause));
    }

    [Fact]
    public async Task AgentThatWaitsLongerThanItsLease_DoesNotLoseIt()
    {
        var (agent, job, _) = await RunningAsync();

        var waiting = agent.ContactAsync(waitSeconds: 60);
        await AdvanceUntilAsync(() => Task.FromResult(waiting.IsCompleted), "the master answered the waiting call", TimeSpan.FromMilliseconds(500));
        await agent.ContactAsync();

        Assert.Equal((JobState.Running, 1), ((await _master.Manager.JobAsync(job.Id)).State, (await _master.Manager.JobAsync(job.Id)).Attempt));
    }

    [Fact]
    public async Task LostAnswer_TheOrderIsRepeatedAfterAWhile_ButNotWhatIsHeld()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        await _master.Manager.SubmitAsync(Requests.Small);

        var lost = await agent.SendAsync(agent.Request(0));
        var soon = await agent.SendAsync(agent.Request(0));
        _time.Advance(TimeSpan.FromSeconds(6));
        var again = await agent.ContactAsync();
        _time.Advance(TimeSpan.FromSeconds(6));
        var held = await agent.ContactAsync();

        Assert.Equal(Assert.Single(lost.Start).Job, Assert.Single(again.Start).Job);
        Assert.Equal(1, Assert.Single(again.Start).Attempt);
        Assert.Empty(soon.Start);
        Assert.Empty(held.Start);
    }

    [Fact]
    public async Task OlderCallThatArrivesLate_DoesNotTakeBackWhatALaterOneSaid()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var older = agent.Request(0);
        var attempt = await agent.TakeAsync();
        await agent.ReportAsync(attempt, JobState.Running);

        var answer = await agent.SendAsync(older);

        Assert.Empty(answer.Start);
        Assert.Equal((JobState.Running, 1), ((await _master.Manager.JobAsync(job.Id)).State, (await _master.Manager.JobAsync(job.Id)).Attempt));
    }

    private async Task<(ScriptedAgent Agent, JobView Job, AttemptId Attempt)> RunningAsync()
    {
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.WithOutputs("a"));
        var attempt = await agent.TakeAsync();
        await agent.ReportAsync(attempt, JobState.Running);
        return (agent, job, attempt);
    }

    private async Task<string> AttemptOfLogAsync(JobId job)
    {
        using var answer = await _master.Manager.SendAsync(HttpMethod.Get, Routes.Fill(Routes.JobLog, job, "stdout"), null);
        return answer.Headers.GetValues(Routes.LogAttemptHeader).Single();
    }

    private async Task<JobView> AfterTheLeaseAsync(JobId job, Func<JobView, bool> until)
    {
        await AdvanceUntilAsync(async () => until(await _master.Manager.JobAsync(job)), $"job {job} changed after the lease", TimeSpan.FromSeconds(2));
        return await _master.Manager.JobAsync(job);
    }

    private Task AdvanceUntilAsync(Func<Task<bool>> condition, string what, TimeSpan step) => Eventually.TrueAsync(
        async () =>
        {
            if (await condition())
                return true;
            _time.Advance(step);
            return false;
        },
        what);
}
