using Ahoy.Contracts;
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
        Assert.Null(_index.FirstQueued(_ => true, []));
        Assert.Single(_index.OfAgent("one"));
    }

    [Fact]
    public void FirstQueued_IsTheOldestThatFits_AndNotAmongThoseExcepted()
    {
        _index.Publish(Row(3, 1, JobState.Queued));
        _index.Publish(Row(1, 1, JobState.Queued) with { Request = Requests.Sized(8, Requests.Gigabyte) });
        _index.Publish(Row(2, 1, JobState.Queued));

        Assert.Equal(1, _index.FirstQueued(_ => true, [])!.Id.Value);
        Assert.Equal(2, _index.FirstQueued(requirement => requirement.Cpus < 8, [])!.Id.Value);
        Assert.Equal(3, _index.FirstQueued(requirement => requirement.Cpus < 8, [new JobId(2)])!.Id.Value);
    }

    [Fact]
    public void JobThatMovesOn_LeavesTheQueueAndItsAgent()
    {
        _index.Publish(Row(1, 1, JobState.Queued));
        _index.Publish(Row(1, 2, JobState.Assigned) with { Agent = "one" });
        _index.Publish(Row(1, 3, JobState.Queued));
        Assert.Empty(_index.OfAgent("one"));
        Assert.NotNull(_index.FirstQueued(_ => true, []));

        _index.Publish(Row(1, 4, JobState.Canceled));

        Assert.Null(_index.FirstQueued(_ => true, []));
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
