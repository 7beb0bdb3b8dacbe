using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Agents;
using Ahoy.Master.Images;

namespace Ahoy.Master.Jobs;

/// <summary>What users do with jobs: submit, look, cancel.</summary>
internal sealed class JobBook(JobStore store, JobIndex index, ImageCatalog images, BlobUsers blobUsers, AgentDirectory agents, LongPolls polls, TimeProvider time)
{
    /// <summary>Checks a request and queues it. When the task completes, the job is on disk.</summary>
    public async Task<(JobView View, bool Created)> SubmitAsync(string owner, JobRequest request, string? idempotencyKey)
    {
        JobRequestCheck.Check(request);
        // Before anything that may have changed since then: who repeats a submission asks for the job that was accepted.
        if (idempotencyKey is not null && store.FindByKey(owner, request, idempotencyKey) is { } accepted)
            return (View(index.Find(accepted.Id) ?? accepted), false);
        var image = images.Resolve(owner, request.Image, ErrorCode.UnknownImage);
        var missing = blobUsers.Missing(owner, [.. request.Inputs.Select(input => input.Digest)]);
        if (missing.Count > 0)
        {
            var input = request.Inputs.First(input => input.Digest == missing[0]);
            throw new AhoyException(ErrorCode.MissingBlob, $"The input {input.Path} ({input.Digest}) has not been uploaded. Upload it first, then submit.");
        }

        if (agents.NeverRuns(request) is { } obstacles)
            throw new AhoyException(ErrorCode.NeverSatisfiable, $"No agent of this master could ever run this job: {obstacles}. Ask for less, or let a bigger host join.");

        var (row, created) = await store.InsertAsync(owner, request, image.Digest, idempotencyKey, time.GetUtcNow());
        if (created)
            index.Publish(row);
        return (View(row), created);
    }

    /// <exception cref="AhoyException"><see cref="ErrorCode.NotFound"/>, also for other users' jobs.</exception>
    public JobRow Get(string owner, JobId id)
    {
        var row = index.Find(id) ?? store.Find(id);
        return row is not null && row.Owner == owner
            ? row
            : throw new AhoyException(ErrorCode.NotFound, $"You have no job {id}. `ahoy ps -a` shows your jobs.");
    }

    /// <summary>The job, once its version is greater than <paramref name="after"/> or the time is up.</summary>
    public async Task<JobView> WaitAsync(string owner, JobId id, long after, TimeSpan wait, CancellationToken cancellationToken)
    {
        var row = Get(owner, id);
        if (row.Version <= after && !row.State.IsTerminal() && wait > TimeSpan.Zero)
        {
            await polls.WaitAsync(index.WhenChanged(id, after), wait, cancellationToken);
            row = Get(owner, id);
        }

        return View(row);
    }

    public IReadOnlyList<JobView> List(string owner, bool activeOnly, int limit) =>
        [.. store.OfOwner(owner, activeOnly, limit).Select(View)];

    /// <summary>Cancels; a job that has ended, or is being canceled, stays as it is.</summary>
    public async Task<JobView> CancelAsync(string owner, JobId id)
    {
        Get(owner, id);
        var now = time.GetUtcNow();
        var changed = await store.ChangeAsync(id, row => row.State switch
        {
            JobState.Queued => row with
            {
                State = JobState.Canceled,
                CanceledAt = now,
                EndedAt = now,
                Result = new() { End = new JobEnd { Cause = EndCause.Canceled, Phase = JobState.Queued, Message = "Canceled by its user before it started." } },
            },
            JobState.Canceling => null,
            _ => row with { State = JobState.Canceling, CanceledAt = now },
        });
        if (changed is not null)
            index.Publish(changed);
        return View(Get(owner, id));
    }

    private JobView View(JobRow row) => row.View(row.State == JobState.Queued ? agents.WhyWaiting(row) : null);
}
