using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Jobs;

namespace Ahoy.Tests.Master.Jobs;

public sealed class JobIndexTests
{
    private readonly JobIndex _index = new();

    [Fact]
    public void OlderVersion_NeverReplacesANewerOne()
    {
        _index.Publish(Row(1, 3, JobState.Running) with { Agent = "one" });

        _index.Publish(Row(1, 2, JobState.Queued));
        _index.Publish(Row(1, 3, JobState.Queued));

        Assert.Equal(JobState.Running, _index.Find(new JobId(1))!.State);
        Assert.Null(_index.QueuedAs(new JobId(1)));
        Assert.Single(_index.OfAgent("one"));
    }

    [Fact]
    public void Claim_TakesTheOldestThatFit_AndLeavesTheRest()
    {
        _index.Publish(Row(3, 1, JobState.Queued));
        _index.Publish(Row(1, 1, JobState.Queued) with { Request = Requests.Sized(8, Requests.Gigabyte) });
        _index.Publish(Row(2, 1, JobState.Queued));
        _index.Publish(Row(4, 1, JobState.Queued));

        Assert.Equal([2, 3], Claim("one", 2));
        Assert.Equal([1], Claim("two", 8));
        Assert.Equal([4], Claim("two", 9));
        Assert.Empty(Claim("three", 9));
    }

    [Fact]
    public void Claim_CountsAsTheAgents_UntilItIsReleased()
    {
        _index.Publish(Row(1, 1, JobState.Queued));
        Claim("one", 4);

        Assert.Equal(3, Room("one", 4));
        Assert.Null(_index.QueuedAs(new JobId(1)));
        _index.Release(new JobId(1));
        Assert.Equal(4, Room("one", 4));
        Assert.NotNull(_index.QueuedAs(new JobId(1)));
    }

    [Fact]
    public void ClaimedJob_OnceItsNextRowIsPublished_IsTheAgentsOnce_OrNobodys()
    {
        _index.Publish(Row(1, 1, JobState.Queued));
        _index.Publish(Row(2, 1, JobState.Queued));
        Claim("one", 4);

        _index.Publish(Row(1, 2, JobState.Assigned) with { Agent = "one" });
        _index.Publish(Row(2, 2, JobState.Canceled));
        _index.Release(new JobId(2));

        Assert.Equal(3, Room("one", 4));
        Assert.Empty(Claim("two", 4));
    }

    [Fact]
    public void Claim_OfManyJobs_LooksOncePerKind_HoweverLongTheQueue()
    {
        for (var id = 1; id <= 5000; id++)
            _index.Publish(Row(id, 1, JobState.Queued) with { Request = Requests.Sized(1 + (id % 2), Requests.Megabyte) });

        Assert.Equal(5000, Claim("one", 10_000).Length);

        Assert.Equal(2, _index.Looks);
        Assert.Empty(Claim("two", 10_000));
        Assert.Equal(2, _index.Looks);
    }

    [Fact]
    public void JobThatMovesOn_LeavesTheQueueAndItsAgent()
    {
        _index.Publish(Row(1, 1, JobState.Queued));
        _index.Publish(Row(1, 2, JobState.Assigned) with { Agent = "one" });
        _index.Publish(Row(1, 3, JobState.Queued));
        Assert.Empty(_index.OfAgent("one"));
        Assert.NotNull(_index.QueuedAs(new JobId(1)));

        _index.Publish(Row(1, 4, JobState.Canceled));

        Assert.Null(_index.QueuedAs(new JobId(1)));
    }

    [Fact]
    public async Task WhenChanged_CompletesWithTheNextVersion_AndAtOnceForAnOlderOne()
    {
        _index.Publish(Row(1, 1, JobState.Queued));
        var next = _index.WhenChanged(new JobId(1), 1);

        Assert.True(_index.WhenChanged(new JobId(1), 0).IsCompleted);
        Assert.False(next.IsCompleted);
        _index.Publish(Row(1, 2, JobState.Assigned) with { Agent = "one" });
        await next;
    }

    private long[] Claim(string agent, int cpus) =>
        [.. _index.Claim(agent, Agent(cpus), requirement => requirement.Obstacle(Agent(cpus)) is null).Select(row => row.Id.Value)];

    private int Room(string agent, int cpus) => _index.Room(agent, Agent(cpus)).Cpus;

    private static AgentCapabilities Agent(int cpus) => new() { Cpus = cpus, MemoryBytes = 1000 * Requests.Gigabyte, Runtime = "crun", Enforcement = "enforced", Version = "1" };

    private static JobRow Row(long id, long version, JobState state) => new()
    {
        Id = new JobId(id),
        Version = version,
        Owner = "ada",
        State = state,
        Request = Requests.Small,
        Image = Digest.Of("image"u8),
        SubmittedAt = DateTimeOffset.UnixEpoch,
    };
}
