using System.Net;
using System.Net.Sockets;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Jobs;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.EndToEnd;

/// <summary>Starting, stopping and losing a system; each test has one of its own.</summary>
[Collection(EndToEndCollection.Name)]
public abstract class LifecycleContract(bool asRoot) : IAsyncLifetime
{
    protected LocalSystem System { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        SharedSystem.SkipUnlessUsable(asRoot);
        System = await LocalSystem.CreateAsync(asRoot, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (System is not null)
            await System.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Up_Twice_Down_Twice_AreFine()
    {
        await System.RunAsync("up");
        await System.RunAsync("up");
        await System.RunAsync("whoami");

        await System.RunAsync("down");
        Assert.Empty(System.Leftovers());
        await System.RunAsync("down");
    }

    /// <summary>Reading them all takes 50 ms, of every command.</summary>
    [Fact]
    public async Task Whoami_ReadsNoneOfTheSystemsCertificates()
    {
        await System.RunAsync("up");

        await System.ShellAsync("strace -f -e trace=open,openat -o trace.txt ahoy whoami");

        var trace = await File.ReadAllTextAsync(Path.Combine(System.WorkDirectory, "trace.txt"), TestContext.Current.CancellationToken);
        Assert.Contains("credentials.json", trace, StringComparison.Ordinal);
        Assert.DoesNotContain("/ssl/certs", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_BeforeUp_SaysHowToBegin()
    {
        var output = await System.TryAsync("ps");

        Assert.NotEqual(0, output.ExitCode);
        Assert.Contains("ahoy up", output.Error);
    }

    [Fact]
    public async Task Up_PortIsTaken_NamesIt()
    {
        await System.RunAsync("up");
        var port = new Uri(System.Login().Url).Port;
        await System.RunAsync("down");
        using var other = new TcpListener(IPAddress.Loopback, port);
        other.Start();

        var output = await System.TryAsync("up");

        Assert.NotEqual(0, output.ExitCode);
        Assert.Contains(port.ToString(), output.Error);
    }

    [Fact]
    public async Task Restart_WithQueuedAndRunningJobs_LosesNothing()
    {
        await UpWithBusyboxAsync();
        var all = Environment.ProcessorCount.ToString();
        var running = await SubmitAsync("--cpus", all, "busybox", "--", "sh", "-c", "echo begun; sleep 3; echo ended");
        await Eventually.TrueAsync(async () => (await System.ShowAsync(running)).State == JobState.Running, "the first job runs");
        var queued = await SubmitAsync("--cpus", all, "busybox", "--", "echo", "second");

        await System.RunAsync("down");
        await System.RunAsync("up");
        await System.TryAsync("wait", running, queued);

        Assert.Equal(JobState.Complete, (await System.ShowAsync(running)).State);
        Assert.Equal(JobState.Complete, (await System.ShowAsync(queued)).State);
        Assert.Equal("second\n", await System.RunAsync("logs", queued));
    }

    [Fact]
    public async Task Token_WrongOrRevoked_IsRefused()
    {
        await System.RunAsync("up");
        var token = (await System.RunAsync("token", "create")).Trim();
        Assert.True(AccessToken.TryParse(token, out var parsed));
        Assert.Equal(0, (await WithTokenAsync(token, "whoami")).ExitCode);

        var wrong = await WithTokenAsync((parsed! with { Secret = new string('0', 64) }).Reveal(), "whoami");
        await System.RunAsync("token", "revoke", parsed!.Id);
        var revoked = await WithTokenAsync(token, "whoami");

        Assert.NotEqual(0, wrong.ExitCode);
        Assert.Contains("token", wrong.Error);
        Assert.NotEqual(0, revoked.ExitCode);
        Assert.Contains("revoked", revoked.Error);
        Assert.DoesNotContain(parsed.Secret, revoked.Error);
    }

    [Fact]
    public async Task Token_Expired_IsRefusedSayingSo()
    {
        await System.RunAsync("up");
        var token = (await System.RunAsync("token", "create", "--lifetime", "1s")).Trim();

        ProgramOutput? last = null;
        await Eventually.TrueAsync(async () => (last = await WithTokenAsync(token, "whoami")).ExitCode != 0, "the token expires");

        Assert.Contains("expired", last!.Error);
    }

    [Fact]
    public async Task Job_OfAnotherUser_IsNotSeen()
    {
        await UpWithBusyboxAsync();
        var id = await SubmitAsync("busybox", "--", "true");
        var other = (await System.RunAsync("token", "create", "--user", "somebody")).Trim();

        Assert.NotEqual(0, (await WithTokenAsync(other, "show", id)).ExitCode);
        Assert.NotEqual(0, (await WithTokenAsync(other, "cancel", id)).ExitCode);
        Assert.DoesNotContain("busybox --", (await WithTokenAsync(other, "ps", "-a")).Output);
    }

    protected async Task UpWithBusyboxAsync()
    {
        await System.RunAsync("up");
        BusyboxImage.Write(System.Directory.Below("busybox"));
        await System.GiveToUserAsync(System.Directory.Below("busybox"), TestContext.Current.CancellationToken);
        await System.RunAsync("base", "import", "busybox", System.Directory.Below("busybox"));
    }

    protected async Task<string> SubmitAsync(params string[] arguments) => (await System.RunAsync(["submit", .. arguments])).Trim();

    private Task<ProgramOutput> WithTokenAsync(string token, params string[] arguments) =>
        System.TryInAsync(System.WorkDirectory, new Dictionary<string, string?> { ["AHOY_URL"] = System.Login().Url, ["AHOY_TOKEN"] = token }, arguments);
}
