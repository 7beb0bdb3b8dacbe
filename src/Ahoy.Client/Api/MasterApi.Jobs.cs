using System.Globalization;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Api;

internal sealed partial class MasterApi
{
    /// <param name="key">The same key gives the same job, so that a call whose answer was lost can be repeated.</param>
    public Task<JobView> SubmitAsync(JobRequest request, string key, CancellationToken cancellationToken) =>
        PostAsync(Routes.Jobs, request, AhoyJson.Default.JobRequest, AhoyJson.Default.JobView, key, cancellationToken);

    /// <summary>Submits many jobs, all or none.</summary>
    /// <param name="key">As above, for all of them.</param>
    public async Task<IReadOnlyList<JobId>> SubmitBatchAsync(IReadOnlyList<JobRequest> requests, string key, CancellationToken cancellationToken) =>
        (await PostAsync(Routes.JobsBatch, new JobBatch { Jobs = requests }, AhoyJson.Default.JobBatch, AhoyJson.Default.JobBatchAnswer, key, cancellationToken)).Ids;

    public Task<JobView> GetJobAsync(JobId id, CancellationToken cancellationToken) =>
        GetAsync(Routes.Fill(Routes.Job, id), AhoyJson.Default.JobView, cancellationToken);

    /// <summary>Waits at the master, for a bounded time, until the job has a newer version than <paramref name="seen"/>.</summary>
    public Task<JobView> WaitForChangeAsync(JobView seen, CancellationToken cancellationToken) =>
        GetAsync($"{Routes.Fill(Routes.Job, seen.Id)}?after={seen.Version}&wait={WaitSeconds}", AhoyJson.Default.JobView, cancellationToken);

    /// <summary>The same, but returns after a second at the latest: for what changes without a new version, such as the progress of an image's way.</summary>
    public Task<JobView> LookAgainAsync(JobView seen, CancellationToken cancellationToken) =>
        GetAsync($"{Routes.Fill(Routes.Job, seen.Id)}?after={seen.Version}&wait=1", AhoyJson.Default.JobView, cancellationToken);

    /// <summary>Waits until the job has ended.</summary>
    public async Task<JobView> WaitForEndAsync(JobView job, CancellationToken cancellationToken)
    {
        while (!job.State.IsTerminal())
        {
            job = await WaitForChangeAsync(job, cancellationToken);
        }

        return job;
    }

    /// <summary>The caller's jobs, newest first.</summary>
    public Task<JobList> ListJobsAsync(bool activeOnly, int limit, CancellationToken cancellationToken) =>
        GetAsync($"{Routes.Jobs}?active={(activeOnly ? "true" : "false")}&limit={limit}", AhoyJson.Default.JobList, cancellationToken);

    /// <summary>A job that has ended already is left as it is.</summary>
    public Task<JobView> CancelJobAsync(JobId id, CancellationToken cancellationToken) =>
        _retry.RunAsync(
            token => CallAsync(() => new HttpRequestMessage(HttpMethod.Post, Routes.Fill(Routes.JobCancel, id)), AhoyJson.Default.JobView, token),
            cancellationToken);

    /// <summary>Hands one stream of a job's log to <paramref name="target"/> as it is now or, with <paramref name="follow"/>, until nothing will follow.</summary>
    /// <param name="onNewAttempt">Called with the attempt's number when output of an earlier attempt was copied and that of another begins.</param>
    public Task CopyJobLogAsync(JobId id, LogStream stream, bool follow, Action<byte[]> target, Action<string> onNewAttempt, CancellationToken cancellationToken) =>
        CopyLogAsync(Routes.Fill(Routes.JobLog, id, stream == LogStream.Stdout ? "stdout" : "stderr"), follow, target, onNewAttempt, cancellationToken);

    private async Task CopyLogAsync(string route, bool follow, Action<byte[]> target, Action<string> onNewAttempt, CancellationToken cancellationToken)
    {
        var at = new LogPosition(null, 0, false);
        while (!at.Complete)
        {
            var before = at;
            at = await _retry.RunAsync(token => CopyLogPartAsync(route, before, follow, target, token), cancellationToken);
            if (at.Attempt != before.Attempt && before.Offset > 0)
                onNewAttempt(at.Attempt!);
            else if (!follow && at.Offset == before.Offset)
                return;
        }
    }

    private async Task<LogPosition> CopyLogPartAsync(string route, LogPosition from, bool follow, Action<byte[]> target, CancellationToken cancellationToken)
    {
        var query = $"{route}?offset={from.Offset}&wait={(follow ? WaitSeconds : 0)}";
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, query), cancellationToken);
        var attempt = Header(response, Routes.LogAttemptHeader);
        // Another attempt's output is another text: these bytes are from its middle.
        if (from.Offset > 0 && attempt != from.Attempt)
            return new LogPosition(attempt, 0, false);
        byte[] part;
        try
        {
            // Read completely before any of it is printed, so that a repeated call never prints a byte twice.
            part = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw ApiFailure.Of(e, Url);
        }

        target(part);
        var next = long.TryParse(Header(response, Routes.LogNextOffsetHeader), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : from.Offset + part.Length;
        return new LogPosition(attempt, next, Header(response, Routes.LogCompleteHeader) == "true");
    }

    /// <param name="Attempt">As the master names it; null of a log that has none.</param>
    /// <param name="Offset">Where to go on.</param>
    /// <param name="Complete">True when nothing will follow.</param>
    private sealed record LogPosition(string? Attempt, long Offset, bool Complete);

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? values.FirstOrDefault() : null;
}
