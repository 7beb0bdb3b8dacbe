using System.Text;
using System.Text.Json;
using Ahoy.Agent.Contact;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Runtimes;

namespace Ahoy.Tests.Agent;

/// <summary>What master and agent tell each other, also when calls fail, and when the agent is started anew.</summary>
public sealed class ContactTests
{
    private static readonly AttemptId First = new(new JobId(1), 1);
    private static readonly WrapperResult Complete = new() { State = JobState.Complete, ExitCode = 0 };

    [Fact]
    public async Task Phases_and_logs_of_a_running_job_are_seen_while_it_runs()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var goOn = new TaskCompletionSource();
        agent.Runtime.Program = async (wrapper, _) =>
        {
            await wrapper.TellAsync(JobState.Running);
            wrapper.Print("stdout", "half way\n");
            await goOn.Task;
            wrapper.Finish(Complete);
            return new ContainerExit { ExitCode = 0 };
        };
        agent.Master.Give(AgentUnderTest.Order(1));

        await agent.Master.UntilAsync(() => agent.Master.Reports.FirstOrDefault(report => report.State == JobState.Running), AgentUnderTest.Canceled);
        var seen = await agent.Master.UntilAsync(() => agent.Master.Logs.GetValueOrDefault((First, LogStream.Stdout)), AgentUnderTest.Canceled);
        Assert.Equal("half way\n", Encoding.UTF8.GetString(seen));
        Assert.DoesNotContain(agent.Master.Reports, report => report.Result is not null);

        goOn.SetResult();
        Assert.Equal(JobState.Complete, (await agent.Master.EndOfAsync(First, AgentUnderTest.Canceled)).State);
    }

    [Fact]
    public async Task Canceled_job_is_stopped_and_its_logs_are_delivered()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.Program = UntilTerminated;
        agent.Master.Give(AgentUnderTest.Order(1));
        await agent.Master.UntilAsync(() => agent.Master.Reports.FirstOrDefault(report => report.State == JobState.Running), AgentUnderTest.Canceled);

        agent.Master.Cancel(First);

        var end = await agent.Master.EndOfAsync(First, AgentUnderTest.Canceled);
        Assert.Equal((JobState.Canceled, EndCause.Canceled), (end.State, end.Result!.End!.Cause));
        Assert.Equal("started\nstopping\n", Encoding.UTF8.GetString(agent.Master.Logs[(First, LogStream.Stdout)]));
        await agent.CleanAsync();
    }

    [Fact]
    public async Task Job_that_is_canceled_while_its_image_is_fetched_never_starts()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var fetching = new TaskCompletionSource();
        agent.Runtime.Prepare = _ =>
        {
            fetching.SetResult();
            return Task.Delay(Timeout.Infinite, AgentUnderTest.Canceled);
        };
        agent.Master.Give(AgentUnderTest.Order(1));
        await fetching.Task;

        agent.Master.Cancel(First);

        Assert.Equal(JobState.Canceled, (await agent.Master.EndOfAsync(First, AgentUnderTest.Canceled)).State);
        Assert.Empty(agent.Runtime.Started);
    }

    [Fact]
    public async Task Discarded_attempt_is_killed_and_nothing_more_is_said_of_it()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.Program = UntilTerminated;
        agent.Master.Give(AgentUnderTest.Order(1));
        await agent.Master.UntilAsync(() => agent.Master.Reports.FirstOrDefault(report => report.State == JobState.Running), AgentUnderTest.Canceled);

        agent.Master.Discard(First);

        await agent.CleanAsync();
        Assert.DoesNotContain(agent.Master.Reports, report => report.Result is not null);
    }

    [Fact]
    public async Task Order_that_the_master_repeats_runs_once()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Master.RepeatsStarts = true;
        agent.Runtime.Program = AttemptTests.Ending(Complete, new ContainerExit { ExitCode = 0 });
        await agent.RunAsync(AgentUnderTest.Order(1));
        await agent.CleanAsync();

        await agent.RunAsync(AgentUnderTest.Order(2));

        Assert.Equal(["job-1.1", "job-2.1"], agent.Runtime.Started.Select(spec => spec.Name));
    }

    [Fact]
    public async Task Contacts_that_fail_lose_nothing()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.Program = async (wrapper, _) =>
        {
            agent.Master.FailContacts(4);
            wrapper.Print("stdout", "x");
            await wrapper.TellAsync(JobState.Running);
            wrapper.Finish(Complete);
            return new ContainerExit { ExitCode = 0 };
        };

        Assert.Equal(JobState.Complete, (await agent.RunAsync(AgentUnderTest.Order(1))).State);
        Assert.Equal("x"u8, agent.Master.Logs[(First, LogStream.Stdout)]);
    }

    [Fact]
    public async Task Agent_with_too_little_disk_takes_no_work_and_says_why()
    {
        await using var agent = await AgentUnderTest.CreateAsync();
        agent.Options = agent.Options with { DiskReserveBytes = long.MaxValue };
        await agent.StartAsync();

        var contact = agent.Master.Contacts.First();

        Assert.True(contact.Draining);
        Assert.Contains("less than its reserve", contact.DrainingReason);
    }

    [Fact]
    public async Task Agent_that_the_master_does_not_know_ends_with_the_reason()
    {
        await using var agent = await AgentUnderTest.CreateAsync();
        await using var other = await AgentUnderTest.CreateAsync();
        var client = new MasterClient(agent.Master.Url, agent.Master.AgentToken with { Secret = other.Master.AgentToken.Secret });

        var fault = await Assert.ThrowsAsync<AhoyException>(() => client.ContactAsync(
            new() { Sequence = 1, Session = "s", Capabilities = new() { Cpus = 1, MemoryBytes = 1, Runtime = "crun", Enforcement = "enforced", Version = "1" } }, AgentUnderTest.Canceled));

        Assert.Equal(ErrorCode.Unauthorized, fault.Code);
    }

    [Fact]
    public async Task Restarted_agent_goes_on_with_its_running_job()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var goOn = new TaskCompletionSource();
        agent.Runtime.Program = async (wrapper, _) =>
        {
            var output = await wrapper.DeliverAsync("first", [1, 2, 3]);
            await wrapper.TellAsync(JobState.Running);
            await goOn.Task;
            wrapper.Finish(Complete with { Outputs = [output, await wrapper.DeliverAsync("second", [4])] });
            return new ContainerExit { ExitCode = 0 };
        };
        agent.Master.Give(AgentUnderTest.Order(1, new JobRequest { Image = "i", Command = ["p"], Outputs = [new JobOutput { Path = "first" }, new JobOutput { Path = "second" }] }));
        await agent.Master.UntilAsync(() => agent.Master.Reports.FirstOrDefault(report => report.State == JobState.Running), AgentUnderTest.Canceled);

        await agent.StopAsync();
        var before = agent.Master.Contacts.Count;
        await agent.StartAsync();

        var first = agent.Master.Contacts.ElementAt(before);
        Assert.Equal(First.Job, Assert.Single(first.Held).Job);
        goOn.SetResult();
        var end = await agent.Master.EndOfAsync(First, AgentUnderTest.Canceled);
        Assert.True(end.State == JobState.Complete, end.Result!.End?.Message);
        Assert.Equal(2, end.Result!.Outputs.Count);
        Assert.Single(agent.Runtime.Started);
        await agent.CleanAsync();
    }

    [Fact]
    public async Task Restarted_agent_tells_an_end_that_was_not_settled_and_cleans_what_is_nobodys()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Master.WithholdsSettling = true;
        agent.Runtime.Program = AttemptTests.Ending(Complete, new ContainerExit { ExitCode = 0 });
        await agent.RunAsync(AgentUnderTest.Order(1));
        await agent.StopAsync();
        // A folder without journal, and the journal of an attempt whose container is gone.
        Directory.CreateDirectory(Path.Combine(agent.State, "attempts", "8.1", "scratch"));
        File.Copy(Path.Combine(agent.State, "journal", "1.1.json"), Path.Combine(agent.State, "journal", "9.1.json"));
        await File.WriteAllTextAsync(Path.Combine(agent.State, "journal", "10.1.json"), "{", AgentUnderTest.Canceled);
        agent.Master.Reports.Clear();
        agent.Master.WithholdsSettling = false;

        await agent.StartAsync();

        Assert.Equal(JobState.Complete, (await agent.Master.EndOfAsync(First, AgentUnderTest.Canceled)).State);
        await agent.CleanAsync();
    }

    [Fact]
    public async Task Container_without_journal_is_removed_at_the_start()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.Program = UntilTerminated;
        agent.Master.Give(AgentUnderTest.Order(1));
        await agent.Master.UntilAsync(() => agent.Master.Reports.FirstOrDefault(report => report.State == JobState.Running), AgentUnderTest.Canceled);
        await agent.StopAsync();
        File.Delete(Path.Combine(agent.State, "journal", "1.1.json"));

        await agent.StartAsync();

        Assert.Empty(agent.Leftovers());
        Assert.Empty(agent.Master.Contacts.Last().Held);
    }

    [Fact]
    public async Task Attempt_whose_start_was_cut_off_by_a_kill_is_told_and_may_be_tried_again()
    {
        await using var agent = await AgentUnderTest.CreateAsync();
        await LeaveJournalAsync(agent, 1);
        // The runtime made the container's directory, and was killed before it could write anything into it.
        agent.Runtime.CutOff["job-1.1"] = true;

        await agent.StartAsync();

        var end = await agent.Master.EndOfAsync(First, AgentUnderTest.Canceled);
        Assert.Equal((JobState.SystemError, EndCause.HostLost, true), (end.State, end.Result!.End!.Cause, end.Result.Retry));
        Assert.Contains("host1", end.Result.End.Message, StringComparison.Ordinal);
        await agent.CleanAsync();
    }

    [Fact]
    public async Task Attempt_that_a_restart_interrupted_before_its_container_is_told_and_never_begun_again()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var preparing = new TaskCompletionSource();
        agent.Runtime.Prepare = _ =>
        {
            preparing.TrySetResult();
            return Task.Delay(Timeout.Infinite, AgentUnderTest.Canceled);
        };
        agent.Master.Give(AgentUnderTest.Order(1));
        await preparing.Task;
        await agent.StopAsync();
        // A master that was started anew as well gives the order again as long as the agent does not say that it holds it.
        agent.Master.Give(AgentUnderTest.Order(1));
        agent.Runtime.Prepare = null;

        await agent.StartAsync();

        var end = await agent.Master.EndOfAsync(First, AgentUnderTest.Canceled);
        Assert.Equal((JobState.SystemError, EndCause.HostLost, true), (end.State, end.Result!.End!.Cause, end.Result.Retry));
        Assert.Empty(agent.Runtime.Started);
        await agent.CleanAsync();
    }

    [Fact]
    public async Task Calls_of_a_later_process_carry_a_higher_number()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        await agent.StopAsync();
        var first = agent.Master.Contacts.Last().Process;
        await agent.StartAsync();

        Assert.True(first > 0);
        Assert.True(agent.Master.Contacts.Last().Process > first);
    }

    [Fact]
    public async Task Container_that_can_not_be_removed_is_tried_again_and_no_work_is_taken_meanwhile()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.FailingRemovals = 4;
        agent.Runtime.Program = AttemptTests.Ending(Complete, new ContainerExit { ExitCode = 0 });

        await agent.RunAsync(AgentUnderTest.Order(1));

        var draining = await agent.Master.UntilAsync(() => agent.Master.Contacts.FirstOrDefault(contact => contact.Draining), AgentUnderTest.Canceled);
        Assert.Contains("job-1.1", draining.DrainingReason, StringComparison.Ordinal);
        Assert.Contains("a process hangs in the kernel", draining.DrainingReason, StringComparison.Ordinal);
        await agent.CleanAsync();
        await agent.Master.UntilAsync(() => agent.Master.Contacts.Last() is { Draining: false } last ? last : null, AgentUnderTest.Canceled);
    }

    [Fact]
    public async Task Leftover_that_can_not_be_removed_does_not_keep_the_agent_from_starting()
    {
        await using var agent = await AgentUnderTest.CreateAsync();
        agent.Runtime.CutOff["job-7.1"] = true;
        agent.Runtime.FailingRemovals = 3;

        await agent.StartAsync();

        Assert.True(agent.Master.Contacts.First().Draining);
        await agent.CleanAsync();
    }

    [Fact]
    public async Task Jobs_of_the_runtime_that_was_configured_before_go_on_and_its_leftovers_are_removed()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var goOn = new TaskCompletionSource();
        var before = agent.Runtime;
        before.Program = async (wrapper, _) =>
        {
            await wrapper.TellAsync(JobState.Running);
            await goOn.Task;
            wrapper.Finish(Complete);
            return new ContainerExit { ExitCode = 0 };
        };
        agent.Master.Give(AgentUnderTest.Order(1));
        await agent.Master.UntilAsync(() => agent.Master.Reports.FirstOrDefault(report => report.State == JobState.Running), AgentUnderTest.Canceled);
        await agent.StopAsync();
        before.CutOff["probe-5-x"] = true;
        agent.Options = agent.Options with { Runtimes = ["runc"] };

        await agent.StartAsync();

        Assert.Equal(["job-1.1"], before.Names);
        goOn.SetResult();
        Assert.Equal(JobState.Complete, (await agent.Master.EndOfAsync(First, AgentUnderTest.Canceled)).State);
        await agent.CleanAsync();
    }

    [Fact]
    public async Task End_of_a_quiet_job_does_not_wait_for_the_logs_of_chatty_ones()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var quiet = new TaskCompletionSource();
        var printed = new byte[64 << 20];
        agent.Runtime.Program = async (wrapper, _) =>
        {
            if (wrapper.Orders.Environment["AHOY_JOB_ID"] == "9")
                wrapper.Print("stdout", "the last words");
            else
                await File.WriteAllBytesAsync(Path.Combine(wrapper.Out, "stdout"), printed, AgentUnderTest.Canceled);
            if (wrapper.Orders.Environment["AHOY_JOB_ID"] != "9")
                await quiet.Task;
            wrapper.Finish(Complete);
            return new ContainerExit { ExitCode = 0 };
        };
        agent.Options = agent.Options with { Cpus = 8 };
        for (var job = 1; job <= 4; job++)
            agent.Master.Give(AgentUnderTest.Order(job));
        await agent.Master.UntilAsync(() => agent.Master.Logs.Count == 4 ? this : null, AgentUnderTest.Canceled);

        await agent.RunAsync(AgentUnderTest.Order(9));

        // The others' 256 MB are still on their way.
        Assert.Contains(agent.Master.Logs, log => log.Key.Attempt.Job != new JobId(9) && log.Value.Length < printed.Length / 2);
        quiet.SetResult();
    }

    /// <summary>What an agent leaves that is killed just after it has written down an order.</summary>
    private static async Task LeaveJournalAsync(AgentUnderTest agent, long job)
    {
        var folder = Directory.CreateDirectory(Path.Combine(agent.State, "journal"));
        var order = JsonSerializer.SerializeToUtf8Bytes(AgentUnderTest.Order(job), AhoyJson.Default.AttemptOrder);
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, $"{job}.1.json"), order, AgentUnderTest.Canceled);
    }

    [Fact]
    public void Delays_grow_to_half_a_minute_and_start_again_after_success()
    {
        var backoff = new Backoff();
        var delays = Enumerable.Range(0, 12).Select(_ => backoff.Next().TotalSeconds).ToList();

        Assert.InRange(delays[0], 0.1, 0.2);
        Assert.InRange(delays[4], 1.6, 3.2);
        Assert.All(delays[9..], delay => Assert.InRange(delay, 15, 30));
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalSeconds, 0.1, 0.2);
    }

    private static async Task<ContainerExit> UntilTerminated(WrapperScript wrapper, CancellationToken terminated)
    {
        wrapper.Print("stdout", "started\n");
        await wrapper.TellAsync(JobState.Running);
        var stopped = new TaskCompletionSource();
        await using var registration = terminated.Register(stopped.SetResult);
        await stopped.Task;
        wrapper.Print("stdout", "stopping\n");
        wrapper.Finish(new WrapperResult { State = JobState.Canceled, End = new JobEnd { Cause = EndCause.Canceled, Phase = JobState.Running, Message = "Canceled." } });
        return new ContainerExit { ExitCode = 143 };
    }
}
