using System.Net;
using System.Net.Sockets;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Master;
using Ahoy.Master.Storage;
using Ahoy.Testing;

namespace Ahoy.Tests.Master;

public sealed class StartTests
{
    [Fact]
    public async Task TakenPort_IsNamedInTheError()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();

        var error = await Assert.ThrowsAsync<AhoyException>(() => TestMaster.StartAsync(TimeProvider.System, options => options with { Listen = other.LocalEndpoint.ToString()! }));

        Assert.Equal(ErrorCode.Conflict, error.Code);
        Assert.Contains(other.LocalEndpoint.ToString()!, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("somewhere")]
    [InlineData("localhost:8443")]
    [InlineData("127.0.0.1:99999")]
    public async Task UnusableAddress_IsNamedInTheError(string listen)
    {
        var error = await Assert.ThrowsAsync<AhoyException>(() => TestMaster.StartAsync(TimeProvider.System, options => options with { Listen = listen }));

        Assert.Contains(listen, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DataDirectoryOfARunningMaster_IsRefusedToASecondOne()
    {
        await using var first = await TestMaster.StartAsync();

        var error = await Assert.ThrowsAsync<AhoyException>(() => StartOnAsync(first.DataDirectory));

        Assert.Equal(ErrorCode.Conflict, error.Code);
        Assert.Contains(first.DataDirectory, error.Message, StringComparison.Ordinal);
        await first.AddBaseAsync("base");
    }

    [Fact]
    public async Task DataDirectoryThatIsAFile_IsNamedInTheError()
    {
        using var directory = new TempDirectory();
        var file = directory.Write("data", "text");

        Assert.Contains(file, (await Assert.ThrowsAsync<AhoyException>(() => StartOnAsync(file))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DamagedDatabase_IsNamedInTheError()
    {
        using var directory = new TempDirectory();
        var file = directory.Write("data/ahoy.db", new string('x', 10_000));

        Assert.Contains(file, (await Assert.ThrowsAsync<AhoyException>(() => StartOnAsync(directory.Below("data")))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManagersToken_ThatCouldNotBeWritten_IsMadeAtTheNextStart()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory.Below("data/manager.token"));
        await Assert.ThrowsAsync<AhoyException>(() => StartOnAsync(directory.Below("data")));
        Directory.Delete(directory.Below("data/manager.token"));

        await using var host = await StartOnAsync(directory.Below("data"));

        var text = (await File.ReadAllTextAsync(directory.Below("data/manager.token"), TestContext.Current.CancellationToken)).Trim();
        Assert.True(AccessToken.TryParse(text, out var token));
        using var manager = new TestClient(new Uri(host.Url), text, token!.CaFingerprint);
        Assert.Equal("manager", (await manager.GetAsync<WhoAmI>(Routes.WhoAmI)).Role);
    }

    [Fact]
    public async Task ManagersToken_OnceItsFileWasRemoved_IsNotMadeAgain()
    {
        using var directory = new TempDirectory();
        await (await StartOnAsync(directory.Below("data"))).DisposeAsync();
        File.Delete(directory.Below("data/manager.token"));

        await (await StartOnAsync(directory.Below("data"))).DisposeAsync();

        Assert.False(File.Exists(directory.Below("data/manager.token")));
    }

    [Fact]
    public async Task Health_IsToldToEverybody_AndIsBadWhileTheDatabaseCanNotBeWritten()
    {
        await using var master = await TestMaster.StartAsync();
        var stranger = master.Connect(null);
        using (var good = await stranger.SendAsync(HttpMethod.Get, Routes.Health, null))
            Assert.Equal(HttpStatusCode.NoContent, good.StatusCode);
        var database = Path.Combine(master.DataDirectory, "ahoy.db");

        await Assert.ThrowsAsync<AhoyException>(() => master.Service<Database>().WriteAsync(connection =>
        {
            connection.Execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
            connection.Close();
            File.Move(database, database + ".away");
            return 0;
        }));

        var problem = await stranger.RefusedAsync(HttpMethod.Get, Routes.Health, null);
        Assert.Equal((503, ErrorCode.Unavailable), (problem.Status, problem.Code));
        File.Move(database + ".away", database);
        using var again = await stranger.SendAsync(HttpMethod.Get, Routes.Health, null);
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
    }

    private static Task<MasterHost> StartOnAsync(string directory) => MasterHost.StartAsync(
        new MasterOptions { DataDirectory = directory, Listen = "127.0.0.1:0", Runtimes = [] }, TimeProvider.System, _ => { }, TestContext.Current.CancellationToken);
}
