using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Agent.Attempts;

/// <summary>How an attempt ended: the state says whose fault it was.</summary>
internal sealed record AttemptOutcome(JobState State, AttemptResult Result)
{
    /// <summary>A fault of the host, the site or a transfer.</summary>
    public static AttemptOutcome SystemError(EndCause cause, JobState phase, string message, string? hint, bool retry) =>
        new(JobState.SystemError, new AttemptResult
        {
            End = new JobEnd { Cause = cause, Phase = phase, Message = message, Hint = hint },
            Retry = retry,
        });

    public static AttemptOutcome Canceled(JobState phase, ResourceUse? use) =>
        new(JobState.Canceled, new AttemptResult
        {
            End = new JobEnd { Cause = EndCause.Canceled, Phase = phase, Message = "The job was canceled." },
            Use = use,
        });

    public AttemptReport ToReport(AttemptId id) => new() { Job = id.Job, Attempt = id.Number, State = State, Result = Result };
}
