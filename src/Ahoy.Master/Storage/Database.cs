using System.Threading.Channels;
using Ahoy.Contracts;
using Microsoft.Data.Sqlite;

namespace Ahoy.Master.Storage;

/// <summary>
/// The master's SQLite database (WAL, synchronous=FULL). All changes go through one writer that groups what is waiting into
/// one commit: each caller's change is on disk when its task completes, and one flush of the disk serves many callers.
/// </summary>
internal sealed class Database : IAsyncDisposable
{
    private const int MaxGroup = 1000;
    private const int SqliteFull = 13;

    private readonly string _file;
    private readonly SqliteConnection _connection;
    private readonly Channel<IChange> _changes = Channel.CreateUnbounded<IChange>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _writer;

    private Database(string file, SqliteConnection connection)
    {
        _file = file;
        _connection = connection;
        _writer = Task.Factory.StartNew(WriteGroups, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Opens or makes the database and brings its schema up to date.</summary>
    /// <exception cref="AhoyException">It is damaged, can't be written, or comes from a newer master.</exception>
    public static Database Open(string file)
    {
        SQLitePCL.raw.SetProvider(new SQLitePCL.SQLite3Provider_sqlite3());
        SqliteConnection? connection = null;
        try
        {
            connection = Connect(file, SqliteOpenMode.ReadWriteCreate);
            connection.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;");
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Migrations.Apply(connection);
            connection.KeepPrepared();
            return new Database(file, connection);
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
        await _connection.DisposeAsync();
        SqliteConnection.ClearAllPools();
    }

    private static SqliteConnection Connect(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, DefaultTimeout = 30 }.ToString());
        connection.Open();
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
            // Changes rarely fail, so the group is first tried as a whole; only then does each get a savepoint of its own.
            if (!TryCommit(group, isolate: false))
                TryCommit(group, isolate: true);
        }
        catch (SqliteException e)
        {
            // Nothing of the group is on disk.
            RollBack();
            var error = e.SqliteErrorCode == SqliteFull
                ? new AhoyException(ErrorCode.DiskFull, $"The master's disk is full: {_file} can't grow. Free space there; nothing that was accepted is lost.", e, transient: true)
                : new AhoyException(ErrorCode.Internal, $"The master's database {_file} refused a change: {e.Message}", e, transient: true);
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
    private bool TryCommit(List<IChange> group, bool isolate)
    {
        _connection.Execute("BEGIN IMMEDIATE");
        foreach (var change in group)
        {
            if (isolate)
                _connection.Execute("SAVEPOINT change");
            if (!change.TryRun(_connection))
            {
                if (!isolate)
                {
                    RollBack();
                    return false;
                }

                _connection.Execute("ROLLBACK TO change");
            }

            if (isolate)
                _connection.Execute("RELEASE change");
        }

        _connection.Execute("COMMIT");
        return true;
    }

    /// <summary>Ends the transaction, unless SQLite has ended it by itself (as it does when the disk is full).</summary>
    private void RollBack()
    {
        if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
            _connection.Execute("ROLLBACK");
    }

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
}
