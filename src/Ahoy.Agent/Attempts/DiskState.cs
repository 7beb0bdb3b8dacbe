using Ahoy.Contracts.Jobs;

namespace Ahoy.Agent.Attempts;

/// <summary>A full disk under the agent's files, which is also the jobs' scratch: told as such, whatever failed first for it.</summary>
internal static class DiskState
{
    // What is written comes in pieces: the last one that did not fit leaves a remainder behind.
    private const long AsGoodAsNone = 1 << 20;

    public static bool IsFull(string directory) => new DriveInfo(directory).AvailableFreeSpace < AsGoodAsNone;

    public static AttemptOutcome Full(Attempt attempt, string what)
    {
        var outcome = AttemptOutcome.SystemError(
            EndCause.DiskFull,
            attempt.Phase,
            $"The disk of the host is full: {what}",
            "The disk is shared by the jobs of that host. Write less, remove what is needed no more, or let an agent with a larger disk run the job.",
            retry: true);
        return outcome with { Result = outcome.Result with { End = outcome.Result.End! with { LastOutput = attempt.LastOutput() } } };
    }
}
