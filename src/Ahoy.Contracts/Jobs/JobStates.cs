namespace Ahoy.Contracts.Jobs;

/// <summary>Facts about <see cref="JobState"/> that client, master and agent share.</summary>
public static class JobStates
{
    public static bool IsTerminal(this JobState state) =>
        state is JobState.Complete or JobState.Failed or JobState.SystemError or JobState.Canceled;
}
