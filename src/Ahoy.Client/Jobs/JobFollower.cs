using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Client.Transfers;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>Stays with a job to its end: its output live, its state on terminals, its outputs fetched, its exit code passed on.</summary>
internal sealed class JobFollower(ClientContext context, MasterApi api, Verbosity verbosity)
{
    // After a cancel the master makes the end final in bounded time, even without the agent.
    private static readonly TimeSpan CancelPatience = TimeSpan.FromSeconds(60);

    /// <returns>The exit code for this process.</returns>
    public async Task<int> FollowAsync(JobView job, CancellationToken cancellationToken)
    {
        JobView ended;
        try
        {
            var logs = LogsCommand.CopyAsync(context, api, job.Id, follow: true, cancellationToken);
            ended = await new JobWatch(context.Terminal, api, verbosity).UntilEndAsync(job, cancellationToken);
            await logs;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await CancelAsync(job.Id);
            return JobExitCode.Interrupted;
        }

        if (ended.Outputs.Count > 0)
            await ProgressLine.RunAsync(context.Terminal, "Fetching outputs", progress => new OutputFetcher(api, progress).FetchAsync(ended, context.WorkingDirectory, cancellationToken));
        Explain(ended);
        return JobExitCode.Of(ended);
    }

    private async Task CancelAsync(JobId id)
    {
        context.Terminal.Note($"Canceling job {id} …");
        using var bound = new CancellationTokenSource(CancelPatience);
        try
        {
            var job = await api.WaitForEndAsync(await api.CancelJobAsync(id, bound.Token), bound.Token);
            context.Terminal.Note($"Job {id} is {JobText.Word(job.State)}.");
        }
        catch (OperationCanceledException e)
        {
            throw new AhoyException(ErrorCode.Unavailable, $"Job {id} has not ended within {CancelPatience.TotalSeconds:0} s after it was canceled. `ahoy show {id}` tells where it is.", e);
        }
    }

    /// <summary>Which job it was and why it ended, for whoever reads this without having seen the beginning.</summary>
    private void Explain(JobView job)
    {
        if (job.End is not { } end)
            return;
        context.Terminal.Note($"ahoy: job {job.Id} {JobText.Word(job.State)} ({JobText.Word(end.Cause)}): {end.Message}");
        if (end.Hint is { Length: > 0 } hint)
            context.Terminal.Note($"      {hint}");
    }
}
