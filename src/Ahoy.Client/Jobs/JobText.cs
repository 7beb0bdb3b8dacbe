using System.Text;
using Ahoy.Client.Output;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Units;

namespace Ahoy.Client.Jobs;

/// <summary>A job in words.</summary>
internal static class JobText
{
    /// <summary>The state as it stands on the wire.</summary>
    public static string Word(JobState state) => state switch
    {
        JobState.Queued => "QUEUED",
        JobState.Assigned => "ASSIGNED",
        JobState.Preparing => "PREPARING",
        JobState.Running => "RUNNING",
        JobState.Delivering => "DELIVERING",
        JobState.Canceling => "CANCELING",
        JobState.Complete => "COMPLETE",
        JobState.Failed => "FAILED",
        JobState.SystemError => "SYSTEM_ERROR",
        JobState.Canceled => "CANCELED",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "A state without a word."),
    };

    /// <summary>The cause as it stands on the wire.</summary>
    public static string Word(EndCause cause) => cause switch
    {
        EndCause.ExitCode => "exit_code",
        EndCause.Signal => "signal",
        EndCause.MemoryLimit => "memory_limit",
        EndCause.WallTimeLimit => "wall_time_limit",
        EndCause.MissingOutput => "missing_output",
        EndCause.CannotStart => "cannot_start",
        EndCause.Canceled => "canceled",
        EndCause.InputFailed => "input_failed",
        EndCause.OutputFailed => "output_failed",
        EndCause.ImageFailed => "image_failed",
        EndCause.RuntimeFailed => "runtime_failed",
        EndCause.WrapperLost => "wrapper_lost",
        EndCause.HostLost => "host_lost",
        EndCause.DiskFull => "disk_full",
        EndCause.RefusedBySite => "refused_by_site",
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "A cause without a word."),
    };

    /// <summary>Everything that is known, a line each: "name: value".</summary>
    public static string Describe(JobView job)
    {
        var text = new StringBuilder();
        Line("Job", job.Request.Name is null ? job.Id.ToString() : $"{job.Id} ({job.Request.Name})");
        Line("State", Word(job.State));
        Line("Why", Reason(job));
        Line("Command", string.Join(' ', job.Request.Command.Select(ShellWord)));
        Line("Image", $"{job.Request.Image} ({job.ImageDigest})");
        Line("Agent", job.Agent is null ? null : job.Attempt > 1 ? $"{job.Agent} (attempt {job.Attempt})" : job.Agent);
        Line("Submitted", $"{Ages.Clock(job.SubmittedAt)} by {job.Owner}");
        Line("Started", job.StartedAt is { } started ? Ages.Clock(started) : null);
        Line("Ended", job.EndedAt is { } ended ? Ages.Clock(ended) : null);
        Line("Exit code", job.ExitCode?.ToString());
        DescribeResources(job, Line);
        foreach (var input in job.Request.Inputs)
        {
            Line("Input", $"{input.Path} ({ByteSize.Format(input.Size)})");
        }

        DescribeOutputs(job, Line);
        Line("Removed", job.ResultsRemovedAt is { } removed ? $"{Ages.Clock(removed)}: this master keeps outputs and logs for a limited time" : null);
        Line("Hint", job.End?.Hint);
        if (job.End?.LastOutput is { Length: > 0 } last)
            text.Append("Last output:\n").Append(Indent(PlainText.Lines(last))).Append('\n');
        return text.ToString();

        void Line(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                text.Append((name + ":").PadRight(13)).Append(PlainText.Line(value)).Append('\n');
        }
    }

    /// <summary>Why the job is where it is, in one line; null when its state says all.</summary>
    public static string? Reason(JobView job) => job switch
    {
        { End: { } end } => $"{PlainText.Line(end.Message)} ({Word(end.Cause)} while {Word(end.Phase)})",
        { State: JobState.Queued } => job.Waiting ?? "It waits for the next contact of an agent that fits.",
        { State: JobState.Assigned } => $"Given to agent {job.Agent}, which has not begun yet.",
        { State: JobState.Preparing } => $"Agent {job.Agent} gets the image and the inputs.",
        { State: JobState.Delivering } => "The program has ended; its outputs travel to the master.",
        { State: JobState.Canceling } => $"Canceled; agent {job.Agent} has not confirmed it yet.",
        _ => null,
    };

    private static void DescribeResources(JobView job, Action<string, string?> line)
    {
        var asked = job.Request.Resources;
        line("Asked for", $"{asked.Cpus} cpu{(asked.Cpus == 1 ? "" : "s")}, {ByteSize.Format(asked.MemoryBytes)} memory"
            + (asked.WallTimeSeconds is { } limit ? $", {Durations.Format(TimeSpan.FromSeconds(limit))}" : ""));
        if (job.Use is not { } use)
            return;
        line("Used", $"{Durations.Format(TimeSpan.FromSeconds(use.WallSeconds))} wall time, {Durations.Format(TimeSpan.FromSeconds(use.CpuSeconds))} cpu time, "
            + $"peak memory {ByteSize.Format(use.PeakMemoryBytes)} of {ByteSize.Format(asked.MemoryBytes)}");
    }

    private static void DescribeOutputs(JobView job, Action<string, string?> line)
    {
        var delivered = job.Outputs.ToDictionary(output => output.Path);
        foreach (var output in job.Request.Outputs.Where(output => !delivered.ContainsKey(output.Path)))
        {
            line("Output", job.State.IsTerminal() ? $"{output.Path} (not delivered)" : output.Path);
        }

        foreach (var output in job.Outputs)
        {
            line("Output", $"{output.Path} ({ByteSize.Format(output.Size)}, {output.Digest})");
        }
    }

    private static string Indent(string text) => string.Join('\n', text.TrimEnd('\n').Split('\n').Select(row => "  " + row));

    /// <summary>As it would have to be typed.</summary>
    private static string ShellWord(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=+,@%".Contains(c)) ? word : $"'{word.Replace("'", "'\\''")}'";
}
