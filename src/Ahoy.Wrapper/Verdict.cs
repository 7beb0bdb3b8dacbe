using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Contracts.Units;
using Ahoy.Wrapper.Native;
using Ahoy.Wrapper.Programs;
using Ahoy.Wrapper.Relay;

namespace Ahoy.Wrapper;

/// <summary>What a run means for the job: its state, its cause and the words for the user.</summary>
internal static class Verdict
{
    /// <summary>The exit codes that are not the program's own: something of Ahoy failed (as in Docker), and the job was canceled (128 + SIGTERM).</summary>
    public const int OwnFailure = 125, CanceledCode = 128 + Libc.SigTerm;

    /// <summary>The job was canceled, before, while or after its program ran.</summary>
    public static WrapperResult Canceled(JobState phase, ProgramEnd? program) => new()
    {
        State = JobState.Canceled,
        ExitCode = program?.ShellCode,
        Use = program?.Use,
        End = new JobEnd
        {
            Cause = EndCause.Canceled,
            Phase = phase,
            ExitCode = program?.ExitCode,
            Signal = program?.Signal,
            Message = phase switch
            {
                JobState.Running => "The job was canceled while its program ran.",
                JobState.Delivering => "The job was canceled while its outputs were delivered; they are discarded.",
                _ => "The job was canceled before its program was started.",
            },
            LastOutput = program?.LastOutput,
        },
    };

    /// <summary>The program could not be started.</summary>
    public static WrapperResult CannotStart(CannotStartException reason) => new()
    {
        State = JobState.Failed,
        ExitCode = reason.ExitCode,
        End = new JobEnd { Cause = EndCause.CannotStart, Phase = JobState.Preparing, ExitCode = reason.ExitCode, Message = reason.Message, Hint = reason.Hint },
    };

    /// <summary>Something of Ahoy or of the host failed: not the program's fault.</summary>
    public static WrapperResult SystemError(JobState phase, AhoyException reason, ProgramEnd? program, Delivery? delivery) => new()
    {
        State = JobState.SystemError,
        ExitCode = program?.ShellCode,
        Use = program?.Use,
        Outputs = delivery?.Delivered ?? [],
        Retry = reason.Transient,
        End = new JobEnd
        {
            Cause = (reason, phase) switch
            {
                ({ Code: ErrorCode.DiskFull }, _) => EndCause.DiskFull,
                (TransferException, JobState.Preparing) => EndCause.InputFailed,
                (TransferException, _) => EndCause.OutputFailed,
                _ => EndCause.RuntimeFailed,
            },
            Phase = phase,
            ExitCode = program?.ExitCode,
            Signal = program?.Signal,
            Message = reason.Message,
            Hint = reason.Code == ErrorCode.DiskFull ? "The disk is shared by the jobs of that host. Write less, remove what is needed no more, or let an agent with a larger disk run the job." : null,
            LastOutput = program?.LastOutput,
        },
    };

    /// <summary>The program ran to an end of its own or by a limit, and its outputs were looked at.</summary>
    public static WrapperResult Ended(WrapperOrders orders, ProgramEnd program, Delivery delivery)
    {
        var end = ProgramFault(orders, program) ?? MissingOutputs(delivery);
        // A program that can't write fails in its own words, or leaves no output.
        if (end is { Cause: EndCause.ExitCode or EndCause.Signal or EndCause.MissingOutput } && program.DiskFull)
            return SystemError(end.Phase, new AhoyException(ErrorCode.DiskFull, $"The host's disk is full. {end.Message}", transient: true), program, delivery);
        if (end is null && (delivery.Failure ?? program.OutputLost) is { } failure)
            return SystemError(JobState.Delivering, failure, program, delivery);

        return new WrapperResult
        {
            State = end is null ? JobState.Complete : JobState.Failed,
            ExitCode = program.ShellCode,
            Use = program.Use,
            Outputs = delivery.Delivered,
            End = end is null ? null : end with
            {
                ExitCode = program.ExitCode,
                Signal = program.Signal,
                Message = delivery.Failure is { } lost ? $"{end.Message} {lost.Message}" : end.Message,
                LastOutput = program.LastOutput,
            },
        };
    }

    private static JobEnd? ProgramFault(WrapperOrders orders, ProgramEnd program) => program switch
    {
        { LimitExceeded: EndCause.MemoryLimit } => Fault(
            EndCause.MemoryLimit,
            $"The program exceeded its memory limit: it used {ByteSize.Format(program.Use.PeakMemoryBytes)}, and the limit is {ByteSize.Format(orders.WatchMemoryBytes ?? 0)}.",
            "Ask for more with --memory."),
        { LimitExceeded: EndCause.WallTimeLimit } => Fault(
            EndCause.WallTimeLimit,
            $"The program exceeded its time limit: it ran for {Durations.Format(TimeSpan.FromSeconds(program.Use.WallSeconds))}, and the limit is {Durations.Format(TimeSpan.FromSeconds(orders.WallTimeSeconds ?? 0))}.",
            "Ask for more with --time."),
        { TooManyProcesses: true } => Fault(
            EndCause.Signal,
            $"The program had more than {orders.WatchProcesses} processes at the same time and was killed.",
            "Start fewer at a time."),
        { Signal: { } signal } => Fault(EndCause.Signal, $"The program was ended by {SignalNames.Of(signal)} (signal {signal}).", SignalNames.Hint(signal)),
        { ExitCode: not 0 } => Fault(EndCause.ExitCode, $"The program ended with exit code {program.ExitCode}.", ExitCodeHint(program.ExitCode ?? 0)),
        _ => null,
    };

    private static JobEnd? MissingOutputs(Delivery delivery) => delivery.Missing.Count == 0 ? null : Fault(
        EndCause.MissingOutput,
        string.Join(' ', delivery.Missing),
        "Check the name given with --output, which is relative to the job's working directory, and that the program writes the file before it ends.",
        JobState.Delivering);

    /// <summary>What shells mean by their own codes (POSIX, Shell Command Language, 2.8.2).</summary>
    private static string? ExitCodeHint(int code) => code switch
    {
        127 => "127 usually means that the program, often a script, called a command that is not in the image.",
        126 => "126 usually means that the program, often a script, called a file that is not executable.",
        > 128 and <= 128 + 31 => $"{code} usually means that something the program started was ended by {SignalNames.Of(code - 128)}.",
        _ => null,
    };

    private static JobEnd Fault(EndCause cause, string message, string? hint, JobState phase = JobState.Running) =>
        new() { Cause = cause, Phase = phase, Message = message, Hint = hint };
}
