using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Jobs;

/// <summary>DESIGN, job life cycle: what must hold while nothing breaks.</summary>
public sealed class JobLifeTests : IAsyncLifetime
{
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        await _master.AddBaseAsync("base");
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Submit_Accepted_IsOnDiskAtThatMoment()
    {
        var jobs = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _master.Manager.SubmitAsync(Requests.Small)));

        await using var after = await _master.StartFromCopyAsync();

        foreach (var job in jobs)
            Assert.Equal(JobState.Queued, (await after.Manager.JobAsync(job.Id)).State);
    }

    [Fact]
    public async Task Job_GoesThroughItsStates_AndBecomesComplete()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);

        var attempt = await agent.TakeAsync();
        var states = new List<JobState> { job.State, (await _master.Manager.JobAsync(job.Id)).State };
        foreach (var state in new[] { JobState.Preparing, JobState.Running, JobState.Delivering })
        {
            await agent.ReportAsync(attempt, state);
            states.Add((await _master.Manager.JobAsync(job.Id)).State);
        }

        var response = await agent.CompleteAsync(attempt);
        var end = await _master.Manager.JobAsync(job.Id);

        Assert.Equal([JobState.Queued, JobState.Assigned, JobState.Preparing, JobState.Running, JobState.Delivering], states);
        Assert.Equal((JobState.Complete, 0, null), (end.State, end.ExitCode, end.End));
        Assert.NotNull(end.StartedAt);
        Assert.NotNull(end.EndedAt);
        Assert.Equal(attempt.Job, Assert.Single(response.Settled).Job);
    }

    [Fact]
    public async Task Job_WhoseImageTravels_ShowsHowFarItIsUntilItRuns()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        var pull = new PullProgress { Done = 10, Total = 100 };

        await agent.ContactAsync(ScriptedAgent.Report(attempt, JobState.Preparing) with { Pull = pull });
        var preparing = await _master.Manager.JobAsync(job.Id);
        await agent.ContactAsync(ScriptedAgent.Report(attempt, JobState.Preparing) with { Pull = pull with { Done = 101 } });
        var after = await _master.Manager.JobAsync(job.Id);
        await agent.ReportAsync(attempt, JobState.Running);

        Assert.Equal((JobState.Preparing, pull), (preparing.State, preparing.Pull));
        // More than all is no progress that anybody could draw.
        Assert.Equal((preparing.Version, pull), (after.Version, after.Pull));
        Assert.Null((await _master.Manager.JobAsync(job.Id)).Pull);
    }

    [Fact]
    public async Task States_NeverGoBack()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        await agent.ReportAsync(attempt, JobState.Delivering);

        await agent.ReportAsync(attempt, JobState.Preparing);
        await agent.ReportAsync(attempt, JobState.Running);
        await agent.ReportAsync(attempt, JobState.Queued);
        await agent.ReportAsync(attempt, JobState.Canceling);

        Assert.Equal(JobState.Delivering, (await _master.Manager.JobAsync(job.Id)).State);
    }

    [Theory]
    [InlineData(JobState.Complete)]
    [InlineData(JobState.Failed)]
    [InlineData(JobState.SystemError)]
    [InlineData(JobState.Canceled)]
    public async Task TerminalState_NeverChanges(JobState end)
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        if (end == JobState.Canceled)
            await _master.Manager.CancelAsync(job.Id);
        await agent.ContactAsync(ScriptedAgent.Ended(attempt, end, EndCause.ExitCode));
        var ended = await _master.Manager.JobAsync(job.Id);
        agent.Held.Add(attempt);

        foreach (var state in Enum.GetValues<JobState>())
            await agent.SendAsync(agent.Request(0, ScriptedAgent.Ended(attempt, state, EndCause.Signal)));
        await _master.Manager.CancelAsync(job.Id);

        var after = await _master.Manager.JobAsync(job.Id);
        Assert.Equal((end, ended.Version, ended.EndedAt), (after.State, after.Version, after.EndedAt));
    }

    [Theory]
    [InlineData(JobState.Failed)]
    [InlineData(JobState.SystemError)]
    public async Task EndWithoutAReason_StillCarriesCausePhaseAndMessage(JobState end)
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        await agent.ReportAsync(attempt, JobState.Running);

        await agent.ContactAsync(ScriptedAgent.Report(attempt, end));

        var view = await _master.Manager.JobAsync(job.Id);
        Assert.Equal(end, view.State);
        Assert.Equal((EndCause.RuntimeFailed, JobState.Running), (view.End!.Cause, view.End.Phase));
        Assert.NotEmpty(view.End.Message);
    }

    [Fact]
    public async Task EndWithAReason_KeepsIt_CutToAReadableLength()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        var report = ScriptedAgent.Ended(attempt, JobState.Failed, EndCause.MemoryLimit);
        report = report with { Result = report.Result! with { End = report.Result.End! with { LastOutput = new string('x', 100_000) + "last words" } } };

        await agent.ContactAsync(report);

        var end = (await _master.Manager.JobAsync(job.Id)).End!;
        Assert.Equal((EndCause.MemoryLimit, 3), (end.Cause, end.ExitCode));
        Assert.EndsWith("last words", end.LastOutput, StringComparison.Ordinal);
        Assert.InRange(end.LastOutput!.Length, 100, 10_000);
    }

    [Fact]
    public async Task Outputs_AppearAllTogether_WithTheEnd()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.WithOutputs("a", "out/b with %20 and ü"));
        var attempt = await agent.TakeAsync();
        await agent.ReportAsync(attempt, JobState.Delivering);
        var a = await agent.DeliverAsync(attempt, "a", "first"u8.ToArray());
        var b = await agent.DeliverAsync(attempt, "out/b with %20 and ü", "second"u8.ToArray());

        Assert.Empty((await _master.Manager.JobAsync(job.Id)).Outputs);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.OutputAsync(job.Id, "a"))).Code);
        await agent.CompleteAsync(attempt, a, b);

        Assert.Equal([a, b], (await _master.Manager.JobAsync(job.Id)).Outputs);
        Assert.Equal("first"u8.ToArray(), await _master.Manager.OutputAsync(job.Id, "a"));
        Assert.Equal("second"u8.ToArray(), await _master.Manager.OutputAsync(job.Id, "out/b with %20 and ü"));
    }

    [Fact]
    public async Task Outputs_OnlyThoseAskedForAndReallyUploaded_AreShown()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.WithOutputs("asked", "claimed"));
        var attempt = await agent.TakeAsync();
        var asked = await agent.DeliverAsync(attempt, "asked", "1"u8.ToArray());
        var unasked = await agent.DeliverAsync(attempt, "unasked", "2"u8.ToArray());
        var claimed = new OutputFile { Path = "claimed", Digest = Digest.Of("never sent"u8), Size = 10 };

        var report = ScriptedAgent.Ended(attempt, JobState.Failed, EndCause.MissingOutput);
        await agent.ContactAsync(report with { Result = report.Result! with { Outputs = [asked, unasked, claimed] } });

        Assert.Equal([asked], (await _master.Manager.JobAsync(job.Id)).Outputs);
    }

    [Fact]
    public async Task Outputs_HaveTheSizeThatArrived_WhateverTheAgentSays()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.WithOutputs("a"));
        var attempt = await agent.TakeAsync();
        var a = await agent.DeliverAsync(attempt, "a", "five!"u8.ToArray());

        await agent.CompleteAsync(attempt, a with { Size = 1L << 50 });

        Assert.Equal(5, Assert.Single((await _master.Manager.JobAsync(job.Id)).Outputs).Size);
    }

    [Fact]
    public async Task Complete_WithoutAnOutputThatWasAskedFor_IsASystemError()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.WithOutputs("a"));
        var attempt = await agent.TakeAsync();

        await agent.CompleteAsync(attempt, new OutputFile { Path = "a", Digest = Digest.Of("never sent"u8), Size = 10 });

        var view = await _master.Manager.JobAsync(job.Id);
        Assert.Equal((JobState.SystemError, EndCause.OutputFailed), (view.State, view.End!.Cause));
        Assert.Empty(view.Outputs);
    }

    [Fact]
    public async Task Cancel_QueuedJob_IsFinalAtOnce_AndCanBeRepeated()
    {
        var job = await _master.Manager.SubmitAsync(Requests.Small);

        var first = await _master.Manager.CancelAsync(job.Id);
        var second = await _master.Manager.CancelAsync(job.Id);

        Assert.Equal((JobState.Canceled, EndCause.Canceled, JobState.Queued), (first.State, first.End!.Cause, first.End.Phase));
        Assert.Equal(first.Version, second.Version);
        Assert.Empty((await (await _master.AgentAsync("one", 2, Requests.Gigabyte)).ContactAsync()).Start);
    }

    [Fact]
    public async Task Cancel_RunningJob_ReachesTheAgent_AndIsFinalWithItsReport()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.WithOutputs("a"));
        var attempt = await agent.TakeAsync();
        await agent.ReportAsync(attempt, JobState.Running);
        var a = await agent.DeliverAsync(attempt, "a", "x"u8.ToArray());

        Assert.Equal(JobState.Canceling, (await _master.Manager.CancelAsync(job.Id)).State);
        Assert.Equal(JobState.Canceling, (await _master.Manager.CancelAsync(job.Id)).State);
        Assert.Equal(attempt.Number, Assert.Single((await agent.ContactAsync()).Cancel).Attempt);
        await agent.CompleteAsync(attempt, a);

        var view = await _master.Manager.JobAsync(job.Id);
        Assert.Equal((JobState.Canceled, EndCause.Canceled), (view.State, view.End!.Cause));
        Assert.Empty(view.Outputs);
    }

    [Fact]
    public async Task Cancel_WakesTheAgentsWaitingCall()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        await agent.ReportAsync(attempt, JobState.Running);

        var waiting = agent.ContactAsync(waitSeconds: 25);
        await _master.Manager.CancelAsync(job.Id);

        Assert.Equal(job.Id, Assert.Single((await waiting).Cancel).Job);
    }

    [Fact]
    public async Task Submit_WakesTheAgentsWaitingCall()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var waiting = agent.ContactAsync(waitSeconds: 25);

        var job = await _master.Manager.SubmitAsync(Requests.Small);

        Assert.Equal(job.Id, Assert.Single((await waiting).Start).Job);
    }

    [Fact]
    public async Task Log_IsReadWhileTheJobRuns_AndRepeatedChunksDoNotDoubleIt()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();

        await agent.ContactAsync(ScriptedAgent.Printed(attempt, JobState.Running, 0, "one "u8.ToArray()));
        await agent.ContactAsync(ScriptedAgent.Printed(attempt, JobState.Running, 0, "one two "u8.ToArray()));
        await agent.ContactAsync(ScriptedAgent.Printed(attempt, JobState.Running, 4, "two "u8.ToArray()));

        Assert.Equal("one two ", await _master.Manager.LogAsync(job.Id, LogStream.Stdout));
        Assert.Equal("", await _master.Manager.LogAsync(job.Id, LogStream.Stderr));
    }

    [Fact]
    public async Task Log_WithAGap_DoesNotKeepTheAgentsOtherNewsFromArriving()
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var gapped = await _master.Manager.SubmitAsync(Requests.Small);
        var other = await _master.Manager.SubmitAsync(Requests.Small);
        await agent.ContactAsync();

        await agent.ContactAsync(
            ScriptedAgent.Printed(new AttemptId(gapped.Id, 1), JobState.Running, 100, "behind the gap"u8.ToArray()),
            ScriptedAgent.Completed(new AttemptId(other.Id, 1)));

        Assert.Equal(JobState.Complete, (await _master.Manager.JobAsync(other.Id)).State);
        Assert.Equal(JobState.Running, (await _master.Manager.JobAsync(gapped.Id)).State);
        var log = await _master.Manager.LogAsync(gapped.Id, LogStream.Stdout);
        Assert.Equal(100 + "behind the gap".Length, log.Length);
        Assert.EndsWith("behind the gap", log, StringComparison.Ordinal);
        Assert.Contains("lost", log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1L << 60)]
    public async Task Log_AtAnImpossiblePlace_IsDropped_AndTheRestArrives(long offset)
    {
        var agent = await _master.AgentAsync("one", 2, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();

        await agent.ContactAsync(ScriptedAgent.Printed(attempt, JobState.Running, offset, "x"u8.ToArray()));

        Assert.Equal(JobState.Running, (await _master.Manager.JobAsync(job.Id)).State);
        Assert.Equal("", await _master.Manager.LogAsync(job.Id, LogStream.Stdout));
    }
}
