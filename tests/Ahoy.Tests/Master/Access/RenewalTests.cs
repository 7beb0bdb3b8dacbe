using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Ahoy.Agent.Joining;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Ahoy.Tests.Master.Access;

/// <summary>A master that runs for a year without a restart. Time is the test's; TLS goes by the computer's, so the year ends now.</summary>
public sealed class RenewalTests : IAsyncLifetime
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(364);
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow - Year);
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync() => _master = await TestMaster.StartAsync(_time, options => options);

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task ServerCertificate_IsRenewedWhileTheMasterRuns_AndOldConnectionsGoOn()
    {
        var first = await CertificateAsync();

        await AdvanceAsync(Year, async () => (await CertificateAsync()).NotAfter > first.NotAfter, "the certificate was renewed");

        Assert.Equal(first.Issuer, (await CertificateAsync()).Issuer);
        foreach (var client in new[] { _master.Connect(null), _master.Manager })
        {
            using var answer = await client.SendAsync(HttpMethod.Get, Routes.Health, null);
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        }
    }

    [Fact]
    public async Task ManagersToken_WhoseFileIsThere_NeverEnds()
    {
        var first = (await _master.Manager.GetAsync<WhoAmI>(Routes.WhoAmI)).TokenExpires;

        await AdvanceAsync(TimeSpan.FromDays(80), async () => (await _master.Manager.GetAsync<WhoAmI>(Routes.WhoAmI)).TokenExpires > first + TimeSpan.FromDays(60), "the token was renewed");

        await _master.RestartAsync();
        Assert.True((await _master.Manager.GetAsync<WhoAmI>(Routes.WhoAmI)).TokenExpires > first + TimeSpan.FromDays(60));
    }

    [Fact]
    public async Task ManagersToken_WhoseFileWasRemoved_Ends()
    {
        File.Delete(Path.Combine(_master.DataDirectory, "manager.token"));

        await AdvanceAsync(TimeSpan.FromDays(91), async () =>
        {
            using var answer = await _master.Manager.SendAsync(HttpMethod.Get, Routes.WhoAmI, null);
            return answer.StatusCode == HttpStatusCode.Unauthorized;
        }, "the token ended");
    }

    [Fact]
    public async Task AgentInContact_NeverLosesItsToken()
    {
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        for (var month = 0; month < 24; month++)
        {
            await agent.ContactAsync();
            _time.Advance(TimeSpan.FromDays(30));
        }

        await agent.ContactAsync();
    }

    [Fact]
    public async Task AgentWhoseTokenEnded_JoinsAgainUnderItsName_AndALivingOnesNameStaysTaken()
    {
        using var directory = new TempDirectory();
        var membership = new AgentMembership(directory.Below("state"));
        var first = await membership.EnsureAsync(new Uri(_master.Url), await JoinTokenAsync(directory), "host1", TestContext.Current.CancellationToken);
        Assert.Equal(first, await membership.EnsureAsync(new Uri(_master.Url), await JoinTokenAsync(directory), "host1", TestContext.Current.CancellationToken));
        Assert.True(AccessToken.TryParse(first.Token, out var token));
        using (await _master.Manager.SendAsync(HttpMethod.Delete, Routes.Fill(Routes.Token, token!.Id), null))
        {
        }

        var again = await membership.EnsureAsync(new Uri(_master.Url), await JoinTokenAsync(directory), "host1", TestContext.Current.CancellationToken);

        Assert.Equal("host1", again.Name);
        Assert.NotEqual(first.Token, again.Token);
        Assert.Equal("host1-2", (await _master.AgentAsync("host1", 1, Requests.Gigabyte)).Name);
    }

    private async Task<string> JoinTokenAsync(TempDirectory directory)
    {
        var answer = await _master.Manager.PostAsync<TokenRequest, TokenResponse>(Routes.Tokens, new TokenRequest { Kind = AccessToken.Join });
        return directory.Write(answer.Id, answer.Token);
    }

    private async Task AdvanceAsync(TimeSpan far, Func<Task<bool>> until, string what)
    {
        _time.Advance(far);
        await Eventually.TrueAsync(until, what);
    }

    /// <summary>What a new connection is shown now.</summary>
    private async Task<X509Certificate2> CertificateAsync()
    {
        var url = new Uri(_master.Url);
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, url.Port);
        // Any certificate: which one it is, is what the test asks.
        await using var tls = new SslStream(connection.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync("localhost");
        return X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
    }
}
