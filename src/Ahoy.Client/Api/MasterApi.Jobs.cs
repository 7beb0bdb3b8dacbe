using System.Globalization;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Api;

internal sealed partial class MasterApi
{
    /// <param name="key">The same key gives the same job, so that a call whose answer was lost can be repeated.</param>
    public Task<JobView> SubmitAsync(JobRequest request, string key, CancellationToken cancellationToken) =>
        PostAsync(Routes.Jobs, request, AhoyJson.Default.JobRequest, AhoyJson.Default.JobView, key, cancellationToken);

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
    public Task CopyJobLogAsync(JobId id, LogStream stream, bool follow, Action<byte[]> target, CancellationToken cancellationToken) =>
        CopyLogAsync(Routes.Fill(Routes.JobLog, id, stream == LogStream.Stdout ? "stdout" : "stderr"), follow, target, cancellationToken);

    private async Task CopyLogAsync(string route, bool follow, Action<byte[]> target, CancellationToken cancellationToken)
    {
        long offset = 0;
        var complete = false;
        while (!complete)
        {
            var before = offset;
            (offset, complete) = await _retry.RunAsync(token => CopyLogPartAsync(route, offset, follow, target, token), cancellationToken);
            if (!follow && offset == before)
                return;
        }
    }

    private async Task<(long Offset, bool Complete)> CopyLogPartAsync(string route, long offset, bool follow, Action<byte[]> target, CancellationToken cancellationToken)
    {
        var query = $"{route}?offset={offset}&wait={(follow ? WaitSeconds : 0)}";
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, query), cancellationToken);
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
        var next = long.TryParse(Header(response, Routes.LogNextOffsetHeader), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : offset + part.Length;
        return (next, Header(response, Routes.LogCompleteHeader) == "true");
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? values.FirstOrDefault() : null;
}
