using Ahoy.Contracts;
using Ahoy.Master.Storage;
using Ahoy.Testing;
using Microsoft.Data.Sqlite;

namespace Ahoy.Tests.Master.Storage;

public sealed class DatabaseTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly CollectingLog _log = new();
    private Database _database = null!;

    public ValueTask InitializeAsync()
    {
        _database = Database.Open(_directory.Below("ahoy.db"), _log.CreateLogger("Database"));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Change_WhoseTaskCompleted_IsReadByOthers()
    {
        await AddAsync("one");

        Assert.Equal(["one"], Names());
    }

    [Fact]
    public async Task FailingChange_IsUndoneAlone_TheRestOfItsGroupIsKept()
    {
        var gate = await BlockAsync();
        var before = AddAsync("before");
        var failing = _database.WriteAsync<int>(connection =>
        {
            Insert(connection, "half done");
            throw new AhoyException(ErrorCode.Conflict, "No.");
        });
        var broken = _database.WriteAsync(connection =>
        {
            Insert(connection, "half done too");
            return connection.Execute("INSERT INTO users (name, role, created_at) VALUES ('before', 'user', 0)");
        });
        var after = AddAsync("after");
        gate.Set();

        await Task.WhenAll(before, after);
        Assert.Equal(ErrorCode.Conflict, (await Assert.ThrowsAsync<AhoyException>(() => failing)).Code);
        await Assert.ThrowsAsync<SqliteException>(() => broken);
        Assert.Equal(["after", "before"], Names());
    }

    [Fact]
    public async Task FullDisk_FailsTheWholeGroup_AndTheDatabaseGoesOnOnceThereIsRoom()
    {
        await AddAsync("kept");
        await LimitPagesAsync(connection => connection.Scalar<long>("PRAGMA page_count"));
        var gate = await BlockAsync();
        var first = AddAsync("one");
        var large = _database.WriteAsync(connection => connection.Execute("INSERT INTO image_contents (manifest, contents) VALUES ('m', zeroblob(10000000))"));
        var last = AddAsync("two");
        gate.Set();

        foreach (var change in new Task[] { first, large, last })
        {
            var error = await Assert.ThrowsAsync<AhoyException>(() => change);
            Assert.Equal((ErrorCode.DiskFull, true), (error.Code, error.Transient));
        }

        Assert.Equal(["kept"], Names());
        await LimitPagesAsync(_ => 100_000_000);
        await AddAsync("later");
        Assert.Equal(["kept", "later"], Names());
    }

    [Fact]
    public async Task ConnectionThatBreaks_FailsItsGroupInWords_AndTheNextChangeGetsANewOne()
    {
        await AddAsync("kept");
        var gate = await BlockAsync();
        var before = AddAsync("before");
        var breaking = _database.WriteAsync(connection =>
        {
            connection.Close();
            return 0;
        });
        gate.Set();

        foreach (var change in new Task[] { before, breaking })
        {
            var error = await Assert.ThrowsAsync<AhoyException>(() => change.WaitAsync(TimeSpan.FromSeconds(20)));
            Assert.Equal((ErrorCode.Unavailable, true), (error.Code, error.Transient));
            Assert.Contains(_directory.Below("ahoy.db"), error.Message, StringComparison.Ordinal);
        }

        await AddAsync("later").WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(["kept", "later"], Names());
        Assert.Equal("wal", await _database.WriteAsync(connection => connection.Scalar<string>("PRAGMA journal_mode")));
        Assert.Contains("could not be written", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DatabaseThatIsGone_FailsEveryChange_AndIsNotReplacedByAnEmptyOne()
    {
        var file = _directory.Below("ahoy.db");
        await AddAsync("kept");
        await Assert.ThrowsAsync<AhoyException>(() => _database.WriteAsync(connection =>
        {
            connection.Execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
            connection.Close();
            File.Move(file, file + ".away");
            return 0;
        }).WaitAsync(TimeSpan.FromSeconds(20)));

        var error = await Assert.ThrowsAsync<AhoyException>(() => AddAsync("lost").WaitAsync(TimeSpan.FromSeconds(20)));

        Assert.Equal(ErrorCode.Unavailable, error.Code);
        File.Move(file + ".away", file);
        await AddAsync("later");
        Assert.Equal(["kept", "later"], Names());
    }

    [Fact]
    public async Task ManyAtOnce_AreAllThere()
    {
        await Task.WhenAll(Enumerable.Range(0, 3000).Select(i => AddAsync($"user{i}")));

        Assert.Equal(3000, Names().Count);
    }

    [Fact]
    public async Task ClosedDatabase_RefusesChangesInWords()
    {
        await _database.DisposeAsync();

        var error = await Assert.ThrowsAsync<AhoyException>(() => AddAsync("late"));

        Assert.Equal((ErrorCode.Unavailable, true), (error.Code, error.Transient));
        _database = Database.Open(_directory.Below("ahoy.db"), _log.CreateLogger("Database"));
    }

    [Fact]
    public async Task DatabaseOfANewerMaster_IsRefused()
    {
        await _database.WriteAsync(connection => connection.Execute("PRAGMA user_version = 1000"));
        await _database.DisposeAsync();

        var error = Assert.Throws<AhoyException>(() => Database.Open(_directory.Below("ahoy.db"), _log.CreateLogger("Database")));

        Assert.Contains("newer", error.Message, StringComparison.Ordinal);
        File.Delete(_directory.Below("ahoy.db"));
        _database = Database.Open(_directory.Below("ahoy.db"), _log.CreateLogger("Database"));
    }

    [Fact]
    public void File_IsForItsOwnerOnly() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory.Below("ahoy.db")));

    [Fact]
    public async Task EveryCommit_IsFlushed_AndTheJournalIsAWriteAheadLog()
    {
        var modes = await _database.WriteAsync(connection => (connection.Scalar<long>("PRAGMA synchronous"), connection.Scalar<string>("PRAGMA journal_mode")));

        Assert.Equal((2, "wal"), modes);
    }

    /// <summary>Holds the writer, so that what comes meanwhile becomes one group.</summary>
    private async Task<ManualResetEventSlim> BlockAsync()
    {
        var gate = new ManualResetEventSlim();
        var reached = new TaskCompletionSource();
        _ = _database.WriteAsync(_ =>
        {
            reached.SetResult();
            return gate.Wait(TimeSpan.FromSeconds(30));
        });
        await reached.Task;
        return gate;
    }

    private Task<int> AddAsync(string name) => _database.WriteAsync(connection => Insert(connection, name));

    private Task<int> LimitPagesAsync(Func<SqliteConnection, long> pages) =>
        _database.WriteAsync(connection => connection.Execute($"PRAGMA max_page_count = {pages(connection)}"));

    private List<string> Names() => _database.Read(connection => connection.Query("SELECT name FROM users ORDER BY name", row => row.GetString(0)));

    private static int Insert(SqliteConnection connection, string name) =>
        connection.Execute("INSERT INTO users (name, role, created_at) VALUES ($name, 'user', 0)", ("$name", name));
}
