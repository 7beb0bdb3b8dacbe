using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;
using Ahoy.Master.Images;
using Ahoy.Master.Jobs;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Agents;

/// <summary>Takes in what agents report. Only the holder of the current attempt changes a job; everything an agent says is checked.</summary>
internal sealed partial class AttemptReports(JobStore store, JobIndex index, AgentDirectory agents, JobLogs logs, BlobStore blobs, BlobUsers blobUsers, MasterOptions options, TimeProvider time, ILogger<AttemptReports> logger)
{
    private const int MaxText = 8192;

    public JobRow? Find(JobId id) => index.Find(id) ?? store.Find(id);

    /// <summary>The job, when this agent holds this attempt now.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.StaleAttempt"/>.</exception>
    public JobRow RequireHeld(string agent, AttemptId attempt)
    {
        var row = index.Find(attempt.Job);
        return row is not null && !row.State.IsTerminal() && row.Agent == agent && row.Attempt == attempt.Number
            ? row
            : throw new AhoyException(ErrorCode.StaleAttempt, $"Attempt {attempt} is not held by {agent} (any more). Stop it and discard what it made.");
    }

    /// <summary>Writes logs, then makes all moves of one call in one commit.</summary>
    public async Task ApplyAsync(string agent, IReadOnlyList<AttemptReport> reports)
    {
        var changes = new List<(JobId, Func<JobRow, JobRow?>)>();
        var grown = new List<JobId>();
        foreach (var report in reports)
        {
            var attempt = new AttemptId(report.Job, report.Attempt);
            if (index.Find(report.Job) is not { } row || row.State.IsTerminal() || row.Agent != agent || row.Attempt != report.Attempt)
            {
                Log.Stale(logger, attempt, agent);
                continue;
            }

            foreach (var chunk in report.Logs)
            {
                if (!logs.TryWrite(attempt, chunk))
                    Log.ChunkDropped(logger, attempt, chunk.Stream, chunk.Offset);
            }

            if (report.Logs.Count > 0)
                grown.Add(report.Job);
            if (report.State != row.State || report.Result is not null)
            {
                var delivered = report.Result is null ? null : Delivered(row, report.Result);
                var elsewhere = agents.OthersCould(agent, Requirement.Of(row));
                changes.Add((report.Job, current => current.Agent == agent && current.Attempt == report.Attempt ? Move(current, report, delivered, elsewhere) : null));
                Judge(agents.Get(agent), report);
            }
        }

        if (changes.Count > 0)
        {
            foreach (var row in await store.ChangeAsync(changes))
            {
                if (row is not null)
                    index.Publish(row);
            }
        }

        // After the moves, each of which forgets what was known of a pull.
        foreach (var report in reports.Where(report => report.Pull is { Done: >= 0, Total: > 0 } pull && pull.Done <= pull.Total))
        {
            if (index.Find(report.Job) is { } row && row.Agent == agent && row.Attempt == report.Attempt)
                index.Pulled(report.Job, report.Pull!);
        }

        grown.ForEach(index.Nudge);
    }

    private JobRow? Move(JobRow row, AttemptReport report, IReadOnlyList<OutputFile>? delivered, bool elsewhere)
    {
        var now = time.GetUtcNow();
        if (!report.State.IsTerminal())
        {
            // Reports can overtake each other only between two agents' lives; a job never goes back by one.
            return row.State == JobState.Canceling || report.State <= row.State || report.State > JobState.Delivering
                ? null
                : row with { State = report.State, StartedAt = report.State == JobState.Running ? row.StartedAt ?? now : row.StartedAt };
        }

        var result = Bounded(report.Result ?? new AttemptResult()) with { Outputs = delivered ?? [] };
        if (row.State == JobState.Canceling)
            return Ended(row, JobState.Canceled, result with { Outputs = [], End = CanceledEnd(row, result.End) }, now);
        if (report.State == JobState.Canceled)
            return LostAttempts.GiveBack(row, "the agent's host stopped the attempt", options.MaxLostAttempts, now);
        // What one site refuses another may run.
        var again = result.Retry || (elsewhere && result.End?.Cause == EndCause.RefusedBySite);
        if (report.State == JobState.SystemError && again && row.Lost + 1 < options.MaxLostAttempts)
            return row with { State = JobState.Queued, Agent = null, StartedAt = null, Lost = row.Lost + 1, LostBy = row.Agent };
        if (report.State == JobState.Complete && MissingOutput(row, result) is { } missing)
            return Ended(row, JobState.SystemError, result with { End = UndeliveredEnd(missing) }, now);
        return Ended(row, report.State, report.State == JobState.Complete ? result with { End = null } : result with { End = result.End ?? UnexplainedEnd(row) }, now);
    }

    /// <summary>What an attempt's end says about its host. A program that failed has shown that the host works.</summary>
    private void Judge(AgentSession session, AttemptReport report)
    {
        if (report.State is JobState.Complete or JobState.Failed)
            session.Works();
        else if (report.Result?.End?.Cause == EndCause.RefusedBySite)
            session.Refused(time);
        // What the agent itself has found before the program ran. Later causes may be the program's doing, or this master's.
        // Everybody sees the reason of a pause: nothing of the job may be in it.
        else if (report is { State: JobState.SystemError, Result: { Retry: true, End: { Phase: JobState.Preparing, Cause: EndCause.RuntimeFailed or EndCause.DiskFull } end } })
            session.Fault(end.Cause == EndCause.DiskFull ? "its disk is full" : "its container runtime failed", time);
    }

    /// <summary>Those outputs of a result that were asked for and whose bytes this job's user really has here, with the size that they have here.</summary>
    private IReadOnlyList<OutputFile> Delivered(JobRow row, AttemptResult result)
    {
        var asked = row.Request.Outputs.Select(output => output.Path).ToHashSet();
        var claimed = result.Outputs.Where(output => asked.Contains(output.Path)).DistinctBy(output => output.Path).ToList();
        var missing = blobUsers.Missing(row.Owner, [.. claimed.Select(output => output.Digest)]).ToHashSet();
        return [.. claimed
            .Where(output => !missing.Contains(output.Digest))
            .Select(output => blobs.Size(output.Digest) is { } size ? output with { Size = size } : null)
            .OfType<OutputFile>()];
    }

    private static string? MissingOutput(JobRow row, AttemptResult result)
    {
        var delivered = result.Outputs.Select(output => output.Path).ToHashSet();
        return row.Request.Outputs.Select(output => output.Path).FirstOrDefault(path => !delivered.Contains(path));
    }

    private static JobRow Ended(JobRow row, JobState state, AttemptResult result, DateTimeOffset now) =>
        row with { State = state, Result = result, EndedAt = now };

    private static JobEnd CanceledEnd(JobRow row, JobEnd? told) => new()
    {
        Cause = EndCause.Canceled,
        Phase = told?.Phase ?? row.State,
        Message = "Canceled by its user.",
        LastOutput = told?.LastOutput,
        ExitCode = told?.ExitCode,
        Signal = told?.Signal,
    };

    private static JobEnd UndeliveredEnd(string path) => new()
    {
        Cause = EndCause.OutputFailed,
        Phase = JobState.Delivering,
        Message = $"The agent reported the job as complete, but the output {path} has not arrived at the master.",
        Hint = "Submit the job again; if it stays, tell the master's manager.",
    };

    private static JobEnd UnexplainedEnd(JobRow row) => new()
    {
        Cause = EndCause.RuntimeFailed,
        Phase = row.State,
        Message = "The agent reported the end of the attempt without saying why.",
    };

    /// <summary>An agent's texts, cut to what a view can carry.</summary>
    private static AttemptResult Bounded(AttemptResult result) => result.End is not { } end ? result : result with
    {
        End = end with { Message = Cut(end.Message)!, Hint = Cut(end.Hint), LastOutput = Cut(end.LastOutput) },
    };

    private static string? Cut(string? text) => text is { Length: > MaxText } ? text[^MaxText..] : text;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Report of attempt {Attempt} from {Agent} ignored: it does not hold that attempt")]
        public static partial void Stale(ILogger logger, AttemptId attempt, string agent);

        [LoggerMessage(2, LogLevel.Warning, "A piece of the {Stream} of attempt {Attempt} was dropped: no log reaches up to {Offset}")]
        public static partial void ChunkDropped(ILogger logger, AttemptId attempt, LogStream stream, long offset);
    }
}
