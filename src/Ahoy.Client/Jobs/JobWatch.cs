using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Units;

namespace Ahoy.Client.Jobs;

/// <summary>Waits for a job; on a terminal a line says where it is until its program runs.</summary>
internal sealed class JobWatch(Terminal terminal, MasterApi api, Verbosity verbosity)
{
    private string? _told;

    public async Task<JobView> UntilEndAsync(JobView job, CancellationToken cancellationToken)
    {
        while (!job.State.IsTerminal())
        {
            Tell(job);
            // A job that lost its host starts over.
            job = IsBeforeStart(job) ? await UntilRunningAsync(job, cancellationToken) : await api.WaitForChangeAsync(job, cancellationToken);
        }

        return job;
    }

    /// <summary>Returns when the program runs, or the job has ended without it.</summary>
    public Task<JobView> UntilRunningAsync(JobView job, CancellationToken cancellationToken)
    {
        var current = job;
        return verbosity == Verbosity.Normal ? LiveLine.RunAsync(terminal, elapsed => Line(current, elapsed), WaitAsync()) : WaitAsync();

        async Task<JobView> WaitAsync()
        {
            while (IsBeforeStart(current))
            {
                Tell(current);
                current = terminal.DrawsProgress && current.State == JobState.Preparing
                    ? await api.LookAgainAsync(current, cancellationToken)
                    : await api.WaitForChangeAsync(current, cancellationToken);
            }

            return current;
        }
    }

    private static bool IsBeforeStart(JobView job) => job.State is JobState.Queued or JobState.Assigned or JobState.Preparing;

    private static string Line(JobView job, TimeSpan elapsed) => job.Pull is { } pull
        ? $"Job {job.Id}: {job.Agent} fetches the image {LiveLine.Bar(pull.Done, pull.Total)} {ByteSize.Format(pull.Done)} of {ByteSize.Format(pull.Total)}"
        : $"Job {job.Id} is {JobText.Word(job.State)} ({Ages.Short(elapsed)}): {JobText.Reason(job)}";

    private void Tell(JobView job)
    {
        var sentence = $"Job {job.Id} is {JobText.Word(job.State)}{(JobText.Reason(job) is { } reason ? ": " + reason : ".")}";
        if (verbosity == Verbosity.Verbose && sentence != _told)
            terminal.Note(sentence);
        _told = sentence;
    }
}
