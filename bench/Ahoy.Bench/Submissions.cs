using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;
using Microsoft.Data.Sqlite;

namespace Ahoy.Bench;

/// <summary>Jobs accepted durably per second, 64 callers at once, against what SQLite commits on the same disk in groups of 64 rows of the same size.</summary>
internal static class Submissions
{
    private const int Callers = 64;
    private const int PerCaller = 80;
    private const int Rounds = 3;

    public static async Task MeasureAsync(LocalSystem system, MasterConnection master, ResultTable table)
    {
        // The one agent is kept busy, so that only accepting is measured.
        var all = new JobResources { Cpus = Environment.ProcessorCount, MemoryBytes = 64L << 20 };
        var request = new JobRequest { Image = "busybox", Command = ["/bin/true"], Resources = all, Environment = new Dictionary<string, string> { ["CASE"] = "benchmark" } };
        var blocker = await master.SubmitAsync(request with { Command = ["/bin/sleep", "600"] });

        var accepted = new List<double>();
        var jobs = new ConcurrentBag<JobId>();
        for (var round = 0; round < Rounds; round++)
        {
            var begun = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => SubmitManyAsync(master, request, jobs)));
            accepted.Add(Callers * PerCaller / Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }

        var row = JsonSerializer.SerializeToUtf8Bytes(request, AhoyJson.Default.JobRequest);
        var peer = Median.Of(Enumerable.Range(0, Rounds).Select(round => CommitGroups(Path.Combine(system.DataDirectory, $"peer{round}.db"), row)));
        var measured = Median.Of(accepted);
        table.Add("durable submissions, 64 at once", $"{measured:0}/s", $"SQLite, groups of {Callers}: {peer:0}/s", $"{measured / peer:0.00}", "at least 0.33", measured / peer >= 1.0 / 3);

        // The blocker last: without it the agent would begin with the others.
        await Parallel.ForEachAsync(jobs, new ParallelOptions { MaxDegreeOfParallelism = Callers }, async (job, _) => await master.CancelAsync(job));
        await master.CancelAsync(blocker.Id);
        await master.EndAsync(blocker);
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
