using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;
using Microsoft.Data.Sqlite;

namespace Ahoy.Bench;

/// <summary>
/// Jobs accepted durably per second, 64 callers at once, each with one job per call and with batches, against what SQLite
/// commits on the same disk in groups of 64 rows of the same size.
/// </summary>
internal static class Submissions
{
    private const int Callers = 64;
    private const int PerCaller = 80;
    private const int BatchJobs = 100;
    private const int BatchesPerCaller = 4;
    private const int Rounds = 3;
    private const double Goal = 1.0 / 3;

    public static async Task MeasureAsync(LocalSystem system, MasterConnection master, ResultTable table)
    {
        // The one agent is kept busy, so that only accepting is measured.
        var all = new JobResources { Cpus = Environment.ProcessorCount, MemoryBytes = 64L << 20 };
        var request = new JobRequest { Image = "busybox", Command = ["/bin/true"], Resources = all, Environment = new Dictionary<string, string> { ["CASE"] = "benchmark" } };
        var blocker = await master.SubmitAsync(request with { Command = ["/bin/sleep", "600"] });

        var jobs = new ConcurrentBag<JobId>();
        var single = await RateAsync(Callers * PerCaller, () => SubmitManyAsync(master, request, jobs));
        var batched = await RateAsync(Callers * BatchesPerCaller * BatchJobs, () => SubmitBatchesAsync(master, request, jobs));
        var row = JsonSerializer.SerializeToUtf8Bytes(request, AhoyJson.Default.JobRequest);
        var peer = Median.Of(Enumerable.Range(0, Rounds).Select(round => CommitGroups(Path.Combine(system.DataDirectory, $"peer{round}.db"), row)));
        table.Add("durable submissions, 64 at once", $"{single:0}/s", $"SQLite, groups of {Callers}: {peer:0}/s", $"{single / peer:0.00}", "at least 0.33", single / peer >= Goal);
        table.Add($"the same in batches of {BatchJobs}", $"{batched:0}/s", "the same", $"{batched / peer:0.00}", "at least 0.33", batched / peer >= Goal);

        // The blocker last: without it the agent would begin with the others.
        await Parallel.ForEachAsync(jobs, new ParallelOptions { MaxDegreeOfParallelism = Callers }, async (job, _) => await master.CancelAsync(job));
        await master.CancelAsync(blocker.Id);
        await master.EndAsync(blocker);
    }

    /// <returns>Median jobs per second of some rounds in which every caller does the same.</returns>
    private static async Task<double> RateAsync(int jobs, Func<Task> caller)
    {
        var rates = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var begun = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => caller()));
            rates.Add(jobs / Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }

        return Median.Of(rates);
    }

    private static async Task SubmitBatchesAsync(MasterConnection master, JobRequest request, ConcurrentBag<JobId> jobs)
    {
        for (var i = 0; i < BatchesPerCaller; i++)
        {
            foreach (var id in await master.SubmitBatchAsync([.. Enumerable.Repeat(request, BatchJobs)]))
                jobs.Add(id);
        }
    }

    private static async Task SubmitManyAsync(MasterConnection master, JobRequest request, ConcurrentBag<JobId> jobs)
    {
        for (var i = 0; i < PerCaller; i++)
            jobs.Add((await master.SubmitAsync(request)).Id);
    }

    /// <returns>Rows per second, each group flushed to disk.</returns>
    private static double CommitGroups(string file, byte[] row)
    {
        SQLitePCL.raw.SetProvider(new SQLitePCL.SQLite3Provider_sqlite3());
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE jobs (id INTEGER PRIMARY KEY, request BLOB NOT NULL)");
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO jobs (request) VALUES ($request)";
        insert.Parameters.AddWithValue("$request", row);
        var begun = Stopwatch.GetTimestamp();
        for (var group = 0; group < PerCaller; group++)
        {
            using var transaction = connection.BeginTransaction();
            insert.Transaction = transaction;
            for (var i = 0; i < Callers; i++)
                insert.ExecuteNonQuery();
            transaction.Commit();
        }

        return Callers * PerCaller / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
