using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>The exit code that `run` and `wait` pass on for a job that has ended.</summary>
internal static class JobExitCode
{
    public const int Interrupted = 130;

    private const int MissingOutput = 1;
    // timeout(1) exits so.
    private const int TimedOut = 124;
    private const int SignalBase = 128;
    private const int Kill = 9;

    /// <summary>The program's own code; 128+n for signal n, as shells say it; 124 for too long, 137 for too much memory; 125 when Ahoy failed.</summary>
    public static int Of(JobView job) => job switch
    {
        { State: JobState.Complete } => 0,
        { State: JobState.Canceled } => Interrupted,
        { State: JobState.SystemError } => ExampleCommand.JobNotRun,
        { End.Cause: EndCause.WallTimeLimit } => TimedOut,
        { End.Cause: EndCause.MemoryLimit } => SignalBase + Kill,
        { End.Signal: int signal } => SignalBase + signal,
        { End.ExitCode: int code and not 0 } => code,
        { ExitCode: int code and not 0 } => code,
        { End.Cause: EndCause.MissingOutput } => MissingOutput,
        _ => ExampleCommand.JobNotRun,
    };
}
