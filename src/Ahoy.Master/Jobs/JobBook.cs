using System.Globalization;
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
        var (row, created) = (await SubmitAsync(owner, [new(request, idempotencyKey)]))[0];
        return (View(row), created);
    }

    /// <summary>Checks many requests and queues all of them in one commit, or none.</summary>
    /// <returns>Their ids, in the same order.</returns>
    public async Task<IReadOnlyList<JobId>> SubmitBatchAsync(string owner, IReadOnlyList<JobRequest> requests, string? idempotencyKey)
    {
        if (requests is not { Count: > 0 and <= JobBatch.MaxJobs })
            throw new AhoyException(ErrorCode.InvalidRequest, $"One call takes 1 to {JobBatch.MaxJobs} jobs, not {requests?.Count ?? 0}. Send them in several calls.");
        var jobs = new NewJob[requests.Count];
        for (var i = 0; i < jobs.Length; i++)
        {
            jobs[i] = new(requests[i], idempotencyKey is null ? null : string.Create(CultureInfo.InvariantCulture, $"{idempotencyKey}/{i}"));
        }

        return [.. (await SubmitAsync(owner, jobs)).Select(job => job.Row.Id)];
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

    /// <summary>A page of the owner's jobs, newest first: those with ids below <paramref name="before"/>.</summary>
    public IReadOnlyList<JobView> List(string owner, bool activeOnly, JobId? before, int limit)
    {
        // Jobs of a kind wait for the same reason.
        var reasons = new Dictionary<Requirement, string>();
        return [.. store.OfOwner(owner, activeOnly, before, limit).Select(row => row.View(row.State == JobState.Queued ? Why(Requirement.Of(row)) : null))];

        string Why(Requirement requirement) =>
            reasons.TryGetValue(requirement, out var known) ? known : reasons[requirement] = agents.WhyWaiting(requirement);
    }

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

    private async Task<IReadOnlyList<(JobRow Row, bool Created)>> SubmitAsync(string owner, IReadOnlyList<NewJob> jobs)
    {
        try
        {
            var images = CheckAll(owner, jobs);
            var rows = await store.InsertAsync(owner, jobs, images, time.GetUtcNow());
            index.Publish([.. rows.Where(row => row.Created).Select(row => row.Row)]);
            return [.. rows.Select(row => row.Created ? row : (index.Find(row.Row.Id) ?? row.Row, false))];
        }
        catch (AhoyException) when (store.FindByKeys(owner, jobs) is { } accepted)
        {
            // Who repeats a submission asks for what was accepted then, though it would be refused now (its image is gone, say).
            return [.. accepted.Select(row => (index.Find(row.Id) ?? row, false))];
        }
    }

    /// <returns>The image of each job.</returns>
    private Digest[] CheckAll(string owner, IReadOnlyList<NewJob> jobs)
    {
        var missing = blobUsers.Missing(owner, [.. jobs.SelectMany(job => job.Request?.Inputs ?? []).Where(input => input is not null).Select(input => input.Digest)]).ToHashSet();
        var found = new Digest[jobs.Count];
        for (var i = 0; i < found.Length; i++)
        {
            try
            {
                found[i] = Check(owner, jobs[i].Request, missing);
            }
            catch (AhoyException e) when (jobs.Count > 1)
            {
                throw new AhoyException(e.Code, $"Job {i + 1} of {jobs.Count}: {e.Message} None of them was accepted.", e, e.Transient);
            }
        }

        return found;
    }

    /// <returns>The request's image.</returns>
    private Digest Check(string owner, JobRequest request, HashSet<Digest> missing)
    {
        JobRequestCheck.Check(request);
        var image = images.Resolve(owner, request.Image, ErrorCode.UnknownImage);
        if (missing.Count > 0 && request.Inputs.FirstOrDefault(input => missing.Contains(input.Digest)) is { } input)
            throw new AhoyException(ErrorCode.MissingBlob, $"The input {input.Path} ({input.Digest}) has not been uploaded. Upload it first, then submit.");
        if (agents.NeverRuns(owner, request) is { } obstacles)
            throw new AhoyException(ErrorCode.NeverSatisfiable, $"No agent of this master could ever run this job: {obstacles}. Ask for less, or let a bigger host join.");
        return image.Digest;
    }

    private JobView View(JobRow row) => row.View(row.State == JobState.Queued ? agents.WhyWaiting(row) : null) with { Pull = index.PullOf(row.Id) };
}
