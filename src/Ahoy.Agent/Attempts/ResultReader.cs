using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Contracts.Units;
using Ahoy.Runtimes;

namespace Ahoy.Agent.Attempts;

/// <summary>
/// Makes the end of an attempt out of what the wrapper left and what the runtime saw. The program runs as the same user as the wrapper,
/// so the result file is a claim: its size and form are checked, and an output counts only when the master has its bytes.
/// </summary>
internal sealed class ResultReader(Attempt attempt, Func<OutputFile, CancellationToken, Task<bool>> wasDelivered)
{
    private const int MaxTextLength = 4096;

    public async Task<AttemptOutcome> ReadAsync(ContainerExit exit, CancellationToken cancellationToken)
    {
        WrapperResult? result = null;
        string? fault = null;
        try
        {
            if (UntrustedFile.TryRead(attempt.Paths.ResultFile, WrapperResult.MostBytes(attempt.Order.Request.Outputs)) is { } bytes)
                result = JsonSerializer.Deserialize(bytes, AhoyJson.Default.WrapperResult);
        }
        catch (Exception e) when (e is JsonException or AhoyException or IOException)
        {
            fault = e.Message;
        }

        if (attempt.Canceled)
            return AttemptOutcome.Canceled(attempt.Phase, result?.Use);
        if (exit.OutOfMemory && result is not { State: JobState.Complete } && !IsOtherLimit(result))
            return OutOfMemory(exit, result);
        if (result is not null)
            fault = await FaultAsync(result, cancellationToken);
        return result is null || fault is not null ? Lost(exit, fault) : Outcome(result);
    }

    private static bool IsOtherLimit(WrapperResult? result) =>
        result?.End?.Cause is not (null or EndCause.ExitCode or EndCause.Signal or EndCause.MissingOutput or EndCause.MemoryLimit);

    private AttemptOutcome OutOfMemory(ContainerExit exit, WrapperResult? result)
    {
        var limit = attempt.Order.Request.Resources.MemoryBytes;
        var peak = Math.Max(exit.PeakMemoryBytes ?? 0, result?.Use?.PeakMemoryBytes ?? 0);
        return new AttemptOutcome(JobState.Failed, new AttemptResult
        {
            ExitCode = result?.ExitCode,
            End = new JobEnd
            {
                Cause = EndCause.MemoryLimit,
                Phase = attempt.Phase,
                ExitCode = result?.ExitCode,
                Signal = result?.End?.Signal,
                Message = $"The job was stopped because it used more memory than it asked for: its limit was {ByteSize.Format(limit)}"
                    + (peak > 0 ? $", its peak {ByteSize.Format(peak)}." : "."),
                Hint = $"Ask for more, for example --memory {ByteSize.Format(2 * limit)}.",
                LastOutput = attempt.LastOutput(),
            },
            Use = (result?.Use ?? new ResourceUse()) with { PeakMemoryBytes = peak },
        });
    }

    /// <summary>Null when the result can be believed.</summary>
    private async Task<string?> FaultAsync(WrapperResult result, CancellationToken cancellationToken)
    {
        if (!result.State.IsTerminal())
            return $"its state {result.State} is not an end";
        if (result.State != JobState.Complete && result.End is null)
            return "it does not say how the job ended";
        if (result.State == JobState.Complete && result.ExitCode != 0)
            return $"it says COMPLETE with exit code {result.ExitCode}";

        var missing = attempt.Order.Request.Outputs.Select(output => output.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var output in result.Outputs)
        {
            if (!missing.Remove(output.Path))
                return $"output {output.Path} was not asked for, or is named twice";
            if (!await wasDelivered(output, cancellationToken))
                return $"output {output.Path} is said to be delivered, but the master does not have it";
        }

        return result.State == JobState.Complete && missing.Count > 0
            ? $"it says COMPLETE without output {missing.First()}"
            : null;
    }

    private static AttemptOutcome Outcome(WrapperResult result) => new(result.State, new AttemptResult
    {
        ExitCode = result.ExitCode,
        End = result.State == JobState.Complete ? null : result.End! with
        {
            Message = Cut(result.End.Message)!,
            Hint = Cut(result.End.Hint),
            LastOutput = Cut(result.End.LastOutput),
        },
        Use = result.Use,
        Outputs = result.Outputs,
        Retry = result.Retry,
    });

    private AttemptOutcome Lost(ContainerExit exit, string? fault)
    {
        var how = exit.ExitCode is { } code ? $"ended with code {code}" : "ended unseen";
        var why = fault is null ? "left no result" : $"left a result that can't be used: {fault}";
        if (fault is null && DiskState.IsFull(attempt.Paths.Directory))
            return DiskState.Full(attempt, $"The job's container {how} and could not write its result.");
        var said = exit.RuntimeOutput.Length == 0 ? "" : $" The runtime said: {Cut(exit.RuntimeOutput.Trim())}";
        var outcome = AttemptOutcome.SystemError(
            EndCause.WrapperLost,
            attempt.Phase,
            $"The job's container {how} and {why}.{said}",
            "Another attempt may succeed; if it happens again, look at the agent's log on that host.",
            retry: true);
        return outcome with { Result = outcome.Result with { End = outcome.Result.End! with { LastOutput = attempt.LastOutput() } } };
    }

    private static string? Cut(string? text) => text is { Length: > MaxTextLength } ? text[..MaxTextLength] + "…" : text;
}
