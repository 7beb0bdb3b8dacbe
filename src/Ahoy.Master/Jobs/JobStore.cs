using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Jobs;

/// <summary>The jobs table. Every change is a compare-and-set on state and attempt, so that of two who move a job one wins.</summary>
internal sealed partial class JobStore(Database database, ILogger<JobStore> logger)
{
    private const string Columns = "id, version, owner, state, request, image, attempt, lost, agent, submitted_at, started_at, ended_at, canceled_at, result, abandoned, results_removed_at, lost_by";

    /// <summary>What a list shows of a job: SQLite leaves the long parts of the two texts out, so that they are never read into memory.</summary>
    private static readonly string Listed = Columns
        .Replace(" request,", " json_remove(request, '$.inputs', '$.outputs', '$.environment'),", StringComparison.Ordinal)
        .Replace(" result,", " json_remove(result, '$.outputs', '$.end.lastOutput'),", StringComparison.Ordinal);

    /// <summary>Stores new jobs, all or none. For a key that this owner used before: the job of then.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.IdempotencyMismatch"/> when a key came with another request.</exception>
    public Task<(JobRow Row, bool Created)[]> InsertAsync(string owner, IReadOnlyList<NewJob> jobs, IReadOnlyList<Digest> images, DateTimeOffset now)
    {
        // Before the writer, which everybody waits for.
        var texts = jobs.Select(job => Text(job.Request)).ToArray();
        return database.WriteAsync(connection =>
        {
            var rows = new (JobRow, bool)[jobs.Count];
            for (var i = 0; i < rows.Length; i++)
            {
                var (request, key) = jobs[i];
                var inserted = connection.Execute(
                    """
                    INSERT INTO jobs (version, owner, state, request, image, idempotency_key, attempt, lost, submitted_at)
                    VALUES (1, $owner, 'QUEUED', $request, $image, $key, 0, 0, $now)
                    ON CONFLICT (owner, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
                    """,
                    ("$owner", owner), ("$request", texts[i]), ("$image", images[i].ToString()), ("$key", key), ("$now", now));
                rows[i] = inserted == 0
                    ? (Existing(connection, owner, key!, texts[i])!, false)
                    : (new JobRow
                    {
                        Id = new JobId(SQLitePCL.raw.sqlite3_last_insert_rowid(connection.Handle)),
                        Version = 1,
                        Owner = owner,
                        State = JobState.Queued,
                        Request = request,
                        Image = images[i],
                        SubmittedAt = now,
                    }, true);
            }

            return rows;
        });
    }

    /// <summary>
    /// Moves jobs, in one commit. Each change is computed from the row as it is on disk at that moment; a null answer, or a
    /// move that <see cref="JobMoves"/> does not know, leaves the job as it is. Returns the new rows, null where nothing was changed.
    /// </summary>
    public Task<JobRow?[]> ChangeAsync(IReadOnlyList<(JobId Id, Func<JobRow, JobRow?> Change)> changes) =>
        database.WriteAsync(connection => changes.Select(change => Apply(connection, change.Id, change.Change)).ToArray());

    public async Task<JobRow?> ChangeAsync(JobId id, Func<JobRow, JobRow?> change) => (await ChangeAsync([(id, change)]))[0];

    public JobRow? Find(JobId id) =>
        database.Read(connection => Rows(connection, "WHERE id = $id", ("$id", id.Value)).FirstOrDefault());

    /// <summary>Every job that has not ended, oldest first. One that can't be read is left on disk as it is.</summary>
    public IReadOnlyList<JobRow> Active() => database.Read(connection => Readable(connection, Columns, "WHERE ended_at IS NULL ORDER BY id"));

    /// <summary>An owner's jobs, newest first, without inputs, outputs and environment.</summary>
    /// <param name="owner">Whose.</param>
    /// <param name="activeOnly">Only those that have not ended.</param>
    /// <param name="before">Only those with lower ids: the last one of the page before.</param>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<JobRow> OfOwner(string owner, bool activeOnly, JobId? before, int limit) => database.Read(connection => Readable(
        connection,
        Listed,
        $"WHERE owner = $owner {(activeOnly ? "AND ended_at IS NULL" : "")} AND id < $before ORDER BY id DESC LIMIT $limit",
        ("$owner", owner), ("$before", before?.Value ?? long.MaxValue), ("$limit", limit)));

    /// <summary>The jobs that all these keys were used for before; null when one of them is new.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.IdempotencyMismatch"/> when a key came with another request.</exception>
    public IReadOnlyList<JobRow>? FindByKeys(string owner, IReadOnlyList<NewJob> jobs) => database.Read<IReadOnlyList<JobRow>?>(connection =>
    {
        var rows = new List<JobRow>(jobs.Count);
        foreach (var (request, key) in jobs)
        {
            if (key is null || Existing(connection, owner, key, Text(request)) is not { } row)
                return null;
            rows.Add(row);
        }

        return rows;
    });

    private static string Text(JobRequest request) => JsonSerializer.Serialize(request, AhoyJson.Default.JobRequest);

    /// <summary>Marks jobs that ended before then as having no results any more, at most <paramref name="count"/> of them. Their blobs and logs may go from then on.</summary>
    public Task<List<JobRow>> RemoveResultsAsync(DateTimeOffset endedBefore, int count, DateTimeOffset now) => database.WriteAsync(connection =>
    {
        var ids = connection.Query(
            "SELECT id FROM jobs WHERE ended_at < $before AND results_removed_at IS NULL ORDER BY ended_at LIMIT $count", row => row.GetInt64(0), ("$before", endedBefore), ("$count", count));
        var rows = new List<JobRow>();
        foreach (var id in ids)
        {
            connection.Execute("UPDATE jobs SET results_removed_at = $now, version = version + 1 WHERE id = $id", ("$now", now), ("$id", id));
            rows.AddRange(Rows(connection, "WHERE id = $id", ("$id", id)));
        }

        return rows;
    });

    /// <summary>The current attempt of each of these jobs whose log is still of use: it runs, or it ended and its results are kept.</summary>
    public IReadOnlySet<AttemptId> WithLogs(IReadOnlyCollection<JobId> jobs) => database.Read(connection =>
    {
        var attempts = new HashSet<AttemptId>();
        foreach (var job in jobs)
        {
            var attempt = connection.Scalar<object>("SELECT attempt FROM jobs WHERE id = $id AND results_removed_at IS NULL", ("$id", job.Value));
            if (attempt is long number)
                attempts.Add(new AttemptId(job, (int)number));
        }

        return attempts;
    });

    private static JobRow? Existing(SqliteConnection connection, string owner, string key, string json)
    {
        var row = Rows(connection, "WHERE owner = $owner AND idempotency_key = $key", ("$owner", owner), ("$key", key)).SingleOrDefault();
        if (row is null)
            return null;
        var same = connection.Scalar<string>("SELECT request FROM jobs WHERE id = $id", ("$id", row.Id.Value)) == json;
        return same
            ? row
            : throw new AhoyException(ErrorCode.IdempotencyMismatch, $"The idempotency key \"{key}\" was used for job {row.Id} with another request. Use a new key for a new job.");
    }

    private static JobRow? Apply(SqliteConnection connection, JobId id, Func<JobRow, JobRow?> change)
    {
        var from = Rows(connection, "WHERE id = $id", ("$id", id.Value)).FirstOrDefault();
        if (from is null || from.State.IsTerminal() || change(from) is not { } to || to == from)
            return null;
        if (to.State != from.State && !JobMoves.IsLegal(from.State, to.State))
            return null;
        to = to with { Version = from.Version + 1 };
        connection.Execute(
            """
            UPDATE jobs SET version = $version, state = $state, attempt = $attempt, lost = $lost, agent = $agent,
                started_at = $started, ended_at = $ended, canceled_at = $canceled, result = $result, abandoned = $abandoned, lost_by = $lostBy
            WHERE id = $id
            """,
            ("$version", to.Version), ("$state", StateText(to.State)), ("$attempt", to.Attempt), ("$lost", to.Lost), ("$agent", to.Agent),
            ("$started", to.StartedAt), ("$ended", to.EndedAt), ("$canceled", to.CanceledAt),
            ("$abandoned", to.Abandoned), ("$lostBy", to.LostBy), ("$result", to.Result is null ? null : JsonSerializer.Serialize(to.Result, AhoyJson.Default.AttemptResult)), ("$id", id.Value));
        return to;
    }

    private static List<JobRow> Rows(SqliteConnection connection, string where, params ReadOnlySpan<(string, object?)> values) =>
        connection.Query($"SELECT {Columns} FROM jobs {where}", Read, values);

    /// <summary>Those of the rows that can be read: one that can't must not hide all others.</summary>
    private List<JobRow> Readable(SqliteConnection connection, string columns, string where, params ReadOnlySpan<(string, object?)> values)
    {
        var rows = connection.Query<JobRow?>($"SELECT {columns} FROM jobs {where}", TryRead, values);
        return [.. rows.OfType<JobRow>()];
    }

    private JobRow? TryRead(SqliteDataReader row)
    {
        try
        {
            return Read(row);
        }
        catch (AhoyException e)
        {
            Log.Unreadable(logger, row.GetInt64(0), e);
            return null;
        }
    }

    /// <exception cref="AhoyException">The row was written by another version, or by hand.</exception>
    private static JobRow Read(SqliteDataReader row)
    {
        try
        {
            return ReadFields(row);
        }
        catch (Exception e) when (e is JsonException or InvalidCastException or InvalidOperationException or AhoyException)
        {
            throw new AhoyException(ErrorCode.Internal, $"Job {row.GetInt64(0)} can't be read from the master's database: {e.Message} Tell the master's manager.", e);
        }
    }

    private static JobRow ReadFields(SqliteDataReader row) => new()
    {
        Id = new JobId(row.GetInt64(0)),
        Version = row.GetInt64(1),
        Owner = row.GetString(2),
        State = JsonSerializer.Deserialize($"\"{row.GetString(3)}\"", AhoyJson.Default.JobState),
        Request = JsonSerializer.Deserialize(row.GetString(4), AhoyJson.Default.JobRequest)!,
        Image = Digest.Parse(row.GetString(5)),
        Attempt = row.GetInt32(6),
        Lost = row.GetInt32(7),
        Agent = row.Text(8),
        SubmittedAt = row.Time(9),
        StartedAt = row.OptionalTime(10),
        EndedAt = row.OptionalTime(11),
        CanceledAt = row.OptionalTime(12),
        Result = row.Text(13) is { } result ? JsonSerializer.Deserialize(result, AhoyJson.Default.AttemptResult) : null,
        Abandoned = row.GetBoolean(14),
        ResultsRemovedAt = row.OptionalTime(15),
        LostBy = row.Text(16),
    };

    private static string StateText(JobState state) => JsonSerializer.Serialize(state, AhoyJson.Default.JobState).Trim('"');

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Job {Job} was left out")]
        public static partial void Unreadable(ILogger logger, long job, Exception error);
    }
}
