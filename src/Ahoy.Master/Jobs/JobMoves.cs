using Ahoy.Contracts.Jobs;
using static Ahoy.Contracts.Jobs.JobState;

namespace Ahoy.Master.Jobs;

/// <summary>The one table of legal moves (DESIGN: job life cycle). A terminal state has none.</summary>
internal static class JobMoves
{
    private static readonly Dictionary<JobState, JobState[]> Legal = new()
    {
        [Queued] = [Assigned, Canceled],
        [Assigned] = [Queued, Preparing, Running, Delivering, Canceling, Complete, Failed, SystemError],
        [Preparing] = [Queued, Running, Delivering, Canceling, Complete, Failed, SystemError],
        [Running] = [Queued, Delivering, Canceling, Complete, Failed, SystemError],
        [Delivering] = [Queued, Canceling, Complete, Failed, SystemError],
        [Canceling] = [Canceled],
        [Complete] = [],
        [Failed] = [],
        [SystemError] = [],
        [Canceled] = [],
    };

    public static bool IsLegal(JobState from, JobState to) => Legal[from].Contains(to);
}
