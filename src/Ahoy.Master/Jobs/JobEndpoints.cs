using System.Globalization;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;
using Ahoy.Master.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master.Jobs;

/// <summary>Submit, look, follow, cancel, download.</summary>
internal static class JobEndpoints
{
    private const int LogChunkBytes = 1 << 20;
    private const int MaxListed = 10_000;

    public static void MapJobs(this RouteGroupBuilder group, JobBook jobs, JobIndex index, JobLogs logs, BlobStore blobs, LongPolls polls)
    {
        group.MapPost(Routes.Jobs, async Task<Results<Created<JobView>, Ok<JobView>>> (HttpContext context, JobRequest request) =>
        {
            var (job, created) = await jobs.SubmitAsync(Caller.Of(context).Name, request, Key(context));
            return created ? TypedResults.Created(Routes.Fill(Routes.Job, job.Id), job) : TypedResults.Ok(job);
        });

        group.MapPost(Routes.JobsBatch, async (HttpContext context, JobBatch batch) =>
            TypedResults.Ok(new JobBatchAnswer { Ids = await jobs.SubmitBatchAsync(Caller.Of(context).Name, batch.Jobs, Key(context)) }));

        group.MapGet(Routes.Jobs, (HttpContext context, bool? active, string? before, int? limit) =>
            TypedResults.Ok(new JobList { Jobs = jobs.List(Caller.Of(context).Name, active ?? false, before is null ? null : Id(before), Math.Clamp(limit ?? 1000, 1, MaxListed)) }));

        group.MapGet(Routes.Job, async (HttpContext context, string id, long? after, int? wait) =>
            TypedResults.Ok(await jobs.WaitAsync(Caller.Of(context).Name, Id(id), after ?? 0, LongPolls.Bounded(wait), context.RequestAborted)));

        group.MapPost(Routes.JobCancel, async (HttpContext context, string id) =>
            TypedResults.Ok(await jobs.CancelAsync(Caller.Of(context).Name, Id(id))));

        group.MapGet(Routes.JobLog, async (HttpContext context, string id, string stream, long? offset, int? wait) =>
        {
            var owner = Caller.Of(context).Name;
            var row = jobs.Get(owner, Id(id));
            RequireResults(row.Id, row.ResultsRemovedAt);
            var from = Math.Max(offset ?? 0, 0);
            var which = Stream(stream);
            var grown = index.WhenLogGrown(row.Id);
            var bytes = logs.Read(row.AttemptId, which, from, LogChunkBytes);
            if (bytes.Length == 0 && !row.State.IsTerminal() && wait > 0)
            {
                await polls.WaitAsync(grown, LongPolls.Bounded(wait), context.RequestAborted);
                row = jobs.Get(owner, row.Id);
                bytes = logs.Read(row.AttemptId, which, from, LogChunkBytes);
            }

            // The state was read before the bytes: when it was terminal, these bytes are all that will come.
            context.Response.Headers[Routes.LogNextOffsetHeader] = (from + bytes.Length).ToString(CultureInfo.InvariantCulture);
            context.Response.Headers[Routes.LogAttemptHeader] = row.Attempt.ToString(CultureInfo.InvariantCulture);
            context.Response.Headers[Routes.LogCompleteHeader] = row.State.IsTerminal() && bytes.Length < LogChunkBytes ? "true" : "false";
            return TypedResults.Bytes(bytes, "application/octet-stream");
        });

        group.MapGet(Routes.JobOutput, async (HttpContext context, string id, string path) =>
        {
            var view = jobs.Get(Caller.Of(context).Name, Id(id)).View(waiting: null);
            RequireResults(view.Id, view.ResultsRemovedAt);
            var output = view.Outputs.FirstOrDefault(output => output.Path == path)
                ?? throw new AhoyException(ErrorCode.NotFound, view.State.IsTerminal()
                    ? $"Job {view.Id} ({view.State}) has no output {path}."
                    : $"Job {view.Id} has not ended; its outputs appear all together when it has.");
            var content = await blobs.OpenAsync(output.Digest, context.RequestAborted);
            return TypedResults.Stream(content, "application/octet-stream", enableRangeProcessing: true);
        });
    }

    private static string? Key(HttpContext context) => context.Request.Headers[Routes.IdempotencyKeyHeader].ToString() switch
    {
        "" => null,
        { Length: > 200 } => throw new AhoyException(ErrorCode.InvalidRequest, "The idempotency key is longer than 200 characters."),
        var key => key,
    };

    /// <summary>What was removed is said to be so: an empty answer would look like a program that wrote nothing.</summary>
    private static void RequireResults(JobId id, DateTimeOffset? removedAt)
    {
        if (removedAt is { } removed)
            throw new AhoyException(ErrorCode.NotFound, $"The outputs and logs of job {id} were removed on {removed:u}: this master keeps those of ended jobs for a limited time.");
    }

    private static JobId Id(string text) =>
        JobId.TryParse(text, out var id) ? id : throw new AhoyException(ErrorCode.InvalidRequest, $"\"{text}\" is not a job id. Job ids are numbers.");

    private static LogStream Stream(string text) => text switch
    {
        "stdout" => LogStream.Stdout,
        "stderr" => LogStream.Stderr,
        _ => throw new AhoyException(ErrorCode.NotFound, $"A job has no log \"{text}\". There are stdout and stderr."),
    };
}
