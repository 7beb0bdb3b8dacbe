using Ahoy.Contracts.Jobs;
using Ahoy.Master.Jobs;
using static Ahoy.Contracts.Jobs.JobState;

namespace Ahoy.Tests.Master.Jobs;

public sealed class JobMovesTests
{
    /// <summary>Written out a second time on purpose: whoever changes the table has to say so twice.</summary>
    private static readonly HashSet<(JobState From, JobState To)> Legal =
    [
        (Queued, Assigned), (Queued, Canceled),
        (Assigned, Queued), (Assigned, Preparing), (Assigned, Running), (Assigned, Delivering), (Assigned, Canceling),
        (Assigned, Complete), (Assigned, Failed), (Assigned, SystemError),
        (Preparing, Queued), (Preparing, Running), (Preparing, Delivering), (Preparing, Canceling),
        (Preparing, Complete), (Preparing, Failed), (Preparing, SystemError),
        (Running, Queued), (Running, Delivering), (Running, Canceling), (Running, Complete), (Running, Failed), (Running, SystemError),
        (Delivering, Queued), (Delivering, Canceling), (Delivering, Complete), (Delivering, Failed), (Delivering, SystemError),
        (Canceling, Canceled),
    ];

    public static TheoryData<JobState, JobState> Pairs()
    {
        var pairs = new TheoryData<JobState, JobState>();
        foreach (var from in Enum.GetValues<JobState>())
        {
            foreach (var to in Enum.GetValues<JobState>())
                pairs.Add(from, to);
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Table_KnowsExactlyTheMovesOfTheDesign(JobState from, JobState to) =>
        Assert.Equal(Legal.Contains((from, to)), JobMoves.IsLegal(from, to));
}
