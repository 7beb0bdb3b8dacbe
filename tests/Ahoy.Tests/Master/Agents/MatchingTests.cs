using System.Collections.Concurrent;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Agents;

public sealed class MatchingTests : IAsyncLifetime
{
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        await _master.AddBaseAsync("base");
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Waiting_SaysThatThereIsNoAgent()
    {
        var job = await _master.Manager.SubmitAsync(Requests.Small);

        Assert.Contains("No agent has joined", job.Waiting, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_SaysWhichAgentsAreBusy_TooSmall_OrDraining()
    {
        var busy = await _master.AgentAsync("busy", 4, 4 * Requests.Gigabyte);
        var first = await _master.Manager.SubmitAsync(Requests.Sized(4, Requests.Gigabyte));
        await busy.TakeAsync();
        await (await _master.AgentAsync("small", 1, Requests.Gigabyte)).ContactAsync();
        var draining = await _master.AgentAsync("tired", 4, 4 * Requests.Gigabyte);
        await draining.SendAsync(draining.Request(0) with { Draining = true, DrainingReason = "its disk is full" });

        var waiting = (await _master.Manager.SubmitAsync(Requests.Sized(4, Requests.Gigabyte))).Waiting!;

        Assert.Contains("busy: busy, 0 of 4 cpus free", waiting, StringComparison.Ordinal);
        Assert.Contains("small: needs 4 cpus, has 1", waiting, StringComparison.Ordinal);
        Assert.Contains("tired: takes no new jobs: its disk is full", waiting, StringComparison.Ordinal);
        Assert.Null((await _master.Manager.JobAsync(first.Id)).Waiting);
    }

    [Fact]
    public async Task Waiting_SaysThatThereIsRoom()
    {
        await (await _master.AgentAsync("one", 1, Requests.Gigabyte)).ContactAsync();

        Assert.Contains("one: has room", (await _master.Manager.SubmitAsync(Requests.Small)).Waiting, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jobs_OfOneRequirement_StartInTheOrderOfTheirSubmission()
    {
        var jobs = new List<JobId>();
        for (var i = 0; i < 6; i++)
            jobs.Add((await _master.Manager.SubmitAsync(Requests.Small)).Id);
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);

        var order = new List<JobId>();
        for (var i = 0; i < 6; i++)
        {
            var attempt = await agent.TakeAsync();
            order.Add(attempt.Job);
            await agent.SendAsync(agent.Request(0, ScriptedAgent.Completed(attempt)) with { Draining = true });
            agent.Held.Clear();
        }

        Assert.Equal(jobs, order);
    }

    [Fact]
    public async Task BigJob_DoesNotBlockSmallerOnesThatFit()
    {
        var agent = await _master.AgentAsync("one", 4, 4 * Requests.Gigabyte);
        var running = await _master.Manager.SubmitAsync(Requests.Sized(2, Requests.Gigabyte));
        await agent.TakeAsync();
        var big = await _master.Manager.SubmitAsync(Requests.Sized(4, Requests.Gigabyte));
        var small = await _master.Manager.SubmitAsync(Requests.Sized(2, Requests.Gigabyte));

        Assert.Equal(small.Id, (await agent.TakeAsync()).Job);
        Assert.Equal(JobState.Queued, (await _master.Manager.JobAsync(big.Id)).State);
        Assert.NotEqual(running.Id, small.Id);
    }

    [Fact]
    public async Task Labels_DecideWhichAgentGetsTheJob()
    {
        var plain = await _master.AgentAsync("plain", 4, 4 * Requests.Gigabyte);
        var gpu = await _master.AgentAsync("gpu", 4, 4 * Requests.Gigabyte);
        gpu.Capabilities = gpu.Capabilities with { Labels = new Dictionary<string, string> { ["gpu"] = "a100" } };
        await gpu.ContactAsync();
        await _master.Manager.SubmitAsync(Requests.Small with { Labels = new Dictionary<string, string> { ["gpu"] = "a100" } });

        Assert.Empty((await plain.ContactAsync()).Start);
        Assert.Single((await gpu.ContactAsync()).Start);
    }

    [Fact]
    public async Task DrainingAgent_GetsNothing()
    {
        var agent = await _master.AgentAsync("one", 4, 4 * Requests.Gigabyte);
        await _master.Manager.SubmitAsync(Requests.Small);

        Assert.Empty((await agent.SendAsync(agent.Request(0) with { Draining = true })).Start);
        Assert.Single((await agent.ContactAsync()).Start);
    }

    [Fact]
    public async Task FiveHundredJobs_OnSeveralAgentsAtOnce_AllRunOnce_AndNoAgentIsEverOverfilled()
    {
        const int Count = 500;
        (int Cpus, long Memory)[] sizes = [(1, 64), (2, 128), (3, 512), (1, 900)];
        var jobs = new Dictionary<JobId, JobRequest>();
        foreach (var chunk in Enumerable.Range(0, Count).Chunk(50))
        {
            foreach (var job in await Task.WhenAll(chunk.Select(i => _master.Manager.SubmitAsync(Requests.Sized(sizes[i % 4].Cpus, sizes[i % 4].Memory * Requests.Megabyte)))))
                jobs.Add(job.Id, job.Request);
        }

        var started = new ConcurrentBag<AttemptId>();
        var overfilled = new ConcurrentBag<string>();
        var agents = await Task.WhenAll(Enumerable.Range(1, 5).Select(i => _master.AgentAsync($"agent{i}", 2 + i, (1 + i) * Requests.Gigabyte)));
        await Task.WhenAll(agents.Select(WorkAsync));

        Assert.Empty(overfilled);
        Assert.Equal(Count, started.Count);
        Assert.Equal(Count, started.Distinct().Count());
        Assert.All(started, attempt => Assert.Equal(1, attempt.Number));
        foreach (var job in jobs.Keys)
            Assert.Equal(JobState.Complete, (await _master.Manager.JobAsync(job)).State);

        async Task WorkAsync(ScriptedAgent agent)
        {
            var random = new Random(agent.Name[^1]);
            while (started.Count < Count || agent.Held.Count > 0)
            {
                var done = agent.Held.Where(_ => random.Next(2) == 0).Select(attempt => ScriptedAgent.Completed(attempt)).ToArray();
                foreach (var order in (await agent.ContactAsync(done)).Start)
                    started.Add(new AttemptId(order.Job, order.Attempt));
                var cpus = agent.Held.Sum(attempt => jobs[attempt.Job].Resources.Cpus);
                var memory = agent.Held.Sum(attempt => jobs[attempt.Job].Resources.MemoryBytes);
                if (cpus > agent.Capabilities.Cpus || memory > agent.Capabilities.MemoryBytes)
                    overfilled.Add($"{agent.Name}: {cpus} cpus, {memory} bytes");
            }
        }
    }
}
