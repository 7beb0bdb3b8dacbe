using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;
using Ahoy.Master.Jobs;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Retention;

/// <summary>Removes once a day what the master need not keep any longer (<see cref="RetentionOptions"/>).</summary>
internal sealed partial class RetentionRun(BlobCollection collection, BlobStore blobs, JobStore store, JobIndex index, JobLogs logs, MasterOptions options, TimeProvider time, ILogger<RetentionRun> logger) : BackgroundService
{
    private const int Batch = 500;
    private static readonly TimeSpan Interval = TimeSpan.FromDays(1);
    private readonly SemaphoreSlim _one = new(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            blobs.PurgeUploads(options.Retention.Uploads, time);
            RemoveOldFiles("tmp", "*", now - options.Retention.Uploads);
            RemoveOldFiles("builds", "*.log", now - options.Retention.Unused);
            await RemoveResultsAsync(now, cancellationToken);
            RemoveLogs(now - options.Retention.Unused, cancellationToken);
            await collection.RunAsync(cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, stoppingToken);
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception e) when (e is AhoyException or IOException or UnauthorizedAccessException or SqliteException)
            {
                Log.Failed(logger, e);
            }
        }
    }

    private async Task RemoveResultsAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (options.Retention.Results is not { } age)
            return;
        List<JobRow> rows;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            rows = await store.RemoveResultsAsync(now - age, Batch, now);
            foreach (var row in rows.Where(row => index.Find(row.Id) is not null))
            {
                index.Publish(row);
            }

            if (rows.Count > 0)
                Log.ResultsRemoved(logger, rows.Count, rows[0].Id, rows[^1].Id);
        }
        while (rows.Count == Batch);
    }

    private void RemoveLogs(DateTimeOffset before, CancellationToken cancellationToken)
    {
        foreach (var attempts in logs.UntouchedSince(before).Chunk(Batch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var wanted = store.WithLogs([.. attempts.Select(attempt => attempt.Job).Distinct()]);
            foreach (var attempt in attempts.Where(attempt => !wanted.Contains(attempt)))
            {
                logs.Remove(attempt);
            }
        }
    }

    private void RemoveOldFiles(string folder, string pattern, DateTimeOffset before)
    {
        var directory = new DirectoryInfo(Path.Combine(options.DataDirectory, folder));
        if (!directory.Exists)
            return;
        foreach (var file in directory.EnumerateFiles(pattern).Where(file => file.LastWriteTimeUtc < before.UtcDateTime))
        {
            file.Delete();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "What is no longer needed could not be removed; the next try is in a day")]
        public static partial void Failed(ILogger logger, Exception error);

        [LoggerMessage(2, LogLevel.Information, "Outputs and logs of {Count} ended jobs ({First} to {Last}) are over their age and are removed")]
        public static partial void ResultsRemoved(ILogger logger, int count, JobId first, JobId last);
    }
}
