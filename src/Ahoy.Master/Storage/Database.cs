using System.Threading.Channels;
using Ahoy.Contracts;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Storage;

/// <summary>
/// The master's SQLite database (WAL, synchronous=FULL). All changes go through one writer that groups what is waiting into
/// one commit: each caller's change is on disk when its task completes, and one flush of the disk serves many callers.
/// </summary>
internal sealed partial class Database : IAsyncDisposable
{
    private const int MaxGroup = 1000;
    private const int SqliteFull = 13;

    private readonly string _file;
    private readonly ILogger _logger;
    private readonly Channel<IChange> _changes = Channel.CreateUnbounded<IChange>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _writer;
    /// <summary>Used by the writer alone. Null after a failure that may have left it in any state: the next group opens a new one.</summary>
    private SqliteConnection? _connection;

    private Database(string file, SqliteConnection connection, ILogger logger)
    {
        _file = file;
        _connection = connection;
        _logger = logger;
        _writer = Task.Factory.StartNew(WriteGroups, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Opens or makes the database and brings its schema up to date.</summary>
    /// <exception cref="AhoyException">It is damaged, can't be written, or comes from a newer master.</exception>
    public static Database Open(string file, ILogger logger)
    {
        SQLitePCL.raw.SetProvider(new SQLitePCL.SQLite3Provider_sqlite3());
        SqliteConnection? connection = null;
        try
        {
            connection = ConnectWriter(file, SqliteOpenMode.ReadWriteCreate);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Migrations.Apply(connection);
            connection.KeepPrepared();
            return new Database(file, connection, logger);
        }
        catch (SqliteException e)
        {
            connection?.Dispose();
            throw new AhoyException(ErrorCode.Internal, $"The master's database {file} can't be opened: {e.Message} Restore it, or start with another data directory.", e);
        }
    }

    /// <summary>Runs <paramref name="change"/> inside the next group. When the task completes, it is flushed; when it throws, only this change is undone.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.DiskFull"/>, or what the change itself threw.</exception>
    public Task<T> WriteAsync<T>(Func<SqliteConnection, T> change)
    {
        var pending = new Change<T>(change);
        return _changes.Writer.TryWrite(pending)
            ? pending.Completion
            : throw new AhoyException(ErrorCode.Unavailable, "The master is shutting down. Try again in a moment.", transient: true);
    }

    /// <summary>A query beside the writer: it sees what is committed.</summary>
    public T Read<T>(Func<SqliteConnection, T> query)
    {
        using var connection = Connect(_file, SqliteOpenMode.ReadOnly);
        return query(connection);
    }

    public async ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        await _writer;
        if (_connection is not null)
            await _connection.DisposeAsync();
        SqliteConnection.ClearAllPools();
    }

    private static SqliteConnection Connect(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, DefaultTimeout = 30 }.ToString());
        connection.Open();
        return connection;
    }

    private static SqliteConnection ConnectWriter(string file, SqliteOpenMode mode)
    {
        var connection = Connect(file, mode);
        connection.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;");
        return connection;
    }

    private void WriteGroups()
    {
        var group = new List<IChange>(MaxGroup);
        while (_changes.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            group.Clear();
            while (group.Count < MaxGroup && _changes.Reader.TryRead(out var change))
            {
                group.Add(change);
            }

            WriteGroup(group);
        }
    }

    private void WriteGroup(List<IChange> group)
    {
        try
        {
            var connection = _connection ??= Reopen();
            // Changes rarely fail, so the group is first tried as a whole; only then does each get a savepoint of its own.
            if (!TryCommit(connection, group, isolate: false))
                TryCommit(connection, group, isolate: true);
        }
        catch (Exception e)
        {
            // Whatever it is, those who wait are told, and the writer goes on: without it every later change would wait for ever.
            Log.GroupFailed(_logger, _file, group.Count, e);
            Recover();
            var error = Describe(e);
            foreach (var change in group)
            {
                change.Fail(error);
            }

            return;
        }

        foreach (var change in group)
        {
            change.Complete();
        }
    }

    /// <summary>False, with nothing changed, when a change failed and was not isolated from the others.</summary>
    private static bool TryCommit(SqliteConnection connection, List<IChange> group, bool isolate)
    {
        connection.Execute("BEGIN IMMEDIATE");
        foreach (var change in group)
        {
            if (isolate)
                connection.Execute("SAVEPOINT change");
            if (!change.TryRun(connection))
            {
                if (!isolate)
                {
                    RollBack(connection);
                    return false;
                }

                connection.Execute("ROLLBACK TO change");
            }

            if (isolate)
                connection.Execute("RELEASE change");
        }

        connection.Execute("COMMIT");
        return true;
    }

    /// <summary>Ends the transaction, unless SQLite has ended it by itself (as it does when the disk is full).</summary>
    private static void RollBack(SqliteConnection connection)
    {
        if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0)
            connection.Execute("ROLLBACK");
    }

    /// <summary>After a failed group, of which nothing is on disk: the connection is as before it, or given up.</summary>
    private void Recover()
    {
        if (_connection is not { } connection)
            return;
        try
        {
            RollBack(connection);
        }
        catch (Exception e)
        {
            Log.ConnectionGivenUp(_logger, _file, e);
            _connection = null;
            try
            {
                connection.Dispose();
                // Else the pool might hand out the same broken handle.
                SqliteConnection.ClearPool(connection);
            }
            catch (Exception closing) when (closing is SqliteException or InvalidOperationException)
            {
                Log.ConnectionGivenUp(_logger, _file, closing);
            }
        }
    }

    private SqliteConnection Reopen()
    {
        // Not created anew: an empty database in the place of a lost one would forget every job.
        var connection = ConnectWriter(_file, SqliteOpenMode.ReadWrite);
        connection.KeepPrepared();
        Log.Reopened(_logger, _file);
        return connection;
    }

    private AhoyException Describe(Exception error) => error is SqliteException { SqliteErrorCode: SqliteFull }
        ? new AhoyException(ErrorCode.DiskFull, $"The master's disk is full: {_file} can't grow. Free space there; nothing that was accepted is lost.", error, transient: true)
        : new AhoyException(ErrorCode.Unavailable, $"The master's database {_file} can't be written: {error.Message} Nothing of this change was kept; the master's log says more.", error, transient: true);

    private interface IChange
    {
        bool TryRun(SqliteConnection connection);

        void Complete();

        void Fail(Exception error);
    }

    private sealed class Change<T>(Func<SqliteConnection, T> change) : IChange
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _error;

        public Task<T> Completion => _completion.Task;

        public bool TryRun(SqliteConnection connection)
        {
            try
            {
                _result = change(connection);
                _error = null;
                return true;
            }
            catch (Exception e) when (!IsBroken(e))
            {
                // The caller's own fault, told to the caller alone; the rest of the group goes on.
                _error = e;
                return false;
            }
        }

        public void Complete()
        {
            if (_error is null)
                _completion.SetResult(_result!);
            else
                _completion.SetException(_error);
        }

        public void Fail(Exception error) => _completion.SetException(_error ?? error);

        /// <summary>True for errors of the database as a whole: the group can't be committed. 5 busy, 7 no memory, 8 read-only, 10 I/O, 11 corrupt, 13 full.</summary>
        private static bool IsBroken(Exception error) =>
            error is SqliteException { SqliteErrorCode: 5 or 7 or 8 or 10 or 11 or SqliteFull };
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Count} changes could not be written to {File}")]
        public static partial void GroupFailed(ILogger logger, string file, int count, Exception error);

        [LoggerMessage(2, LogLevel.Error, "The connection to {File} is of no use any more; the next change opens a new one")]
        public static partial void ConnectionGivenUp(ILogger logger, string file, Exception error);

        [LoggerMessage(3, LogLevel.Warning, "{File} is open again")]
        public static partial void Reopened(ILogger logger, string file);
    }
}
