using System.Text;
using System.Text.RegularExpressions;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;
using Ahoy.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Time.Testing;

namespace Ahoy.Tests.Master.Access;

public sealed partial class AccessTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync() => _master = await TestMaster.StartAsync(_time, options => options);

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("ahoy_user_12_34_56")]
    [InlineData("ahoy_root_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("ahoy_user_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public async Task Token_MissingMalformedOrUnknown_IsUnauthorized(string? token) => await RequireUnauthorizedAsync(token);

    [Fact]
    public async Task Token_WithAnotherSecretOrKind_IsUnauthorized()
    {
        Assert.True(AccessToken.TryParse(_master.Manager.Token, out var token));

        await RequireUnauthorizedAsync((token! with { Secret = new string('0', 64) }).Reveal());
        await RequireUnauthorizedAsync((token with { Kind = AccessToken.Agent }).Reveal());
    }

    [Fact]
    public async Task Token_Expired_IsUnauthorized()
    {
        var answer = await _master.Manager.PostAsync<TokenRequest, TokenResponse>(Routes.Tokens, new TokenRequest { Kind = AccessToken.User, User = "ada", LifetimeSeconds = 60 });
        var ada = _master.Connect(answer.Token);
        Assert.Equal("ada", (await ada.GetAsync<WhoAmI>(Routes.WhoAmI)).User);

        _time.Advance(TimeSpan.FromSeconds(61));

        Assert.Contains("expired", (await RequireUnauthorizedAsync(answer.Token)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_Revoked_IsUnauthorized_AlsoAfterARestart()
    {
        var ada = await _master.UserAsync("ada");
        Assert.True(AccessToken.TryParse(ada.Token, out var token));

        using (var revoked = await _master.Manager.SendAsync(HttpMethod.Delete, Routes.Fill(Routes.Token, token!.Id), null))
            Assert.True(revoked.IsSuccessStatusCode);

        await RequireUnauthorizedAsync(ada.Token);
        await _master.RestartAsync();
        await RequireUnauthorizedAsync(ada.Token);
    }

    [Fact]
    public async Task EveryRouteButHealth_IsClosedToStrangers()
    {
        var stranger = _master.Connect(null);
        var routes = _master.Service<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();

        Assert.True(routes.Count > 20);
        foreach (var route in routes.Where(route => route.RoutePattern.RawText != Routes.Health))
        {
            // Any value: nobody without a token gets as far as having it read.
            var path = Parameter().Replace(route.RoutePattern.RawText!, "1");
            foreach (var method in route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
                Assert.Equal((path, 401), (path, (await stranger.RefusedAsync(new HttpMethod(method), path, null)).Status));
        }
    }

    [Fact]
    public async Task Stranger_IsRefusedBeforeAnythingOfTheBodyIsRead()
    {
        foreach (var route in new[] { Routes.Jobs, Routes.Builds, Routes.Contact, Routes.Join, Routes.Tokens })
            Assert.Equal(401, (await _master.Connect(null).RefusedAsync(HttpMethod.Post, route, "{ this is no JSON")).Status);
    }

    [Fact]
    public async Task KindsOfTokens_OpenOnlyTheirOwnCalls()
    {
        var join = _master.Connect((await _master.Manager.PostAsync<TokenRequest, TokenResponse>(Routes.Tokens, new TokenRequest { Kind = AccessToken.Join })).Token);
        var agent = (await _master.AgentAsync("one", 1, Requests.Gigabyte)).Client;
        (TestClient Caller, HttpMethod Method, string Route)[] wrong =
        [
            (_master.Manager, HttpMethod.Post, Routes.Contact),
            (_master.Manager, HttpMethod.Post, Routes.Join),
            (_master.Manager, HttpMethod.Get, Routes.Fill(Routes.AttemptBlob, 1, 1, Digest.Of("x"u8))),
            (agent, HttpMethod.Get, Routes.WhoAmI),
            (agent, HttpMethod.Post, Routes.Jobs),
            (agent, HttpMethod.Get, Routes.Images),
            (agent, HttpMethod.Post, Routes.Join),
            (agent, HttpMethod.Post, Routes.BlobsMissing),
            (join, HttpMethod.Get, Routes.WhoAmI),
            (join, HttpMethod.Post, Routes.Contact),
            (join, HttpMethod.Get, Routes.Agents),
        ];

        foreach (var (caller, method, route) in wrong)
        {
            var problem = await caller.RefusedAsync(method, route, method == HttpMethod.Post ? "{}" : null);
            Assert.Equal((403, ErrorCode.Forbidden), (problem.Status, problem.Code));
        }
    }

    [Fact]
    public async Task JoinToken_UsedTwiceAtOnce_LetsOneAgentIn()
    {
        var token = (await _master.Manager.PostAsync<TokenRequest, TokenResponse>(Routes.Tokens, new TokenRequest { Kind = AccessToken.Join })).Token;
        var join = _master.Connect(token);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => join.SendAsync(HttpMethod.Post, Routes.Join, """{"name":"one"}""")));

        Assert.Single(answers, answer => answer.IsSuccessStatusCode);
        Assert.Equal(7, answers.Count(answer => (int)answer.StatusCode == 401));
        await _master.RestartAsync();
        Assert.Equal(401, (await _master.Connect(token).RefusedAsync(HttpMethod.Post, Routes.Join, """{"name":"one"}""")).Status);
    }

    [Fact]
    public async Task JoinToken_Expired_LetsNobodyIn()
    {
        var token = (await _master.Manager.PostAsync<TokenRequest, TokenResponse>(Routes.Tokens, new TokenRequest { Kind = AccessToken.Join })).Token;

        _time.Advance(TimeSpan.FromHours(2));

        Assert.Equal(ErrorCode.Unauthorized, (await _master.Connect(token).RefusedAsync(HttpMethod.Post, Routes.Join, """{"name":"one"}""")).Code);
    }

    [Fact]
    public async Task TwoAgentsOfOneName_GetDifferentNames()
    {
        var names = new[] { (await _master.AgentAsync("node", 1, Requests.Gigabyte)).Name, (await _master.AgentAsync("node", 1, Requests.Gigabyte)).Name };

        Assert.Equal(["node", "node-2"], names);
    }

    [Fact]
    public async Task OrdinaryUsers_MayNotMakeTokensForOthers_NorSeeNorRevokeTheirs()
    {
        var ada = await _master.UserAsync("ada");
        await _master.UserAsync("bob");
        var bobs = (await _master.Manager.GetAsync<TokenList>(Routes.Tokens)).Tokens.Single(token => token.User == "bob");

        Assert.Equal(403, (await ada.RefusedAsync(HttpMethod.Post, Routes.Tokens, """{"kind":"user","user":"bob"}""")).Status);
        Assert.Equal(403, (await ada.RefusedAsync(HttpMethod.Post, Routes.Tokens, """{"kind":"join"}""")).Status);
        Assert.Equal(400, (await ada.RefusedAsync(HttpMethod.Post, Routes.Tokens, """{"kind":"agent"}""")).Status);
        Assert.Equal(404, (await ada.RefusedAsync(HttpMethod.Delete, Routes.Fill(Routes.Token, bobs.Id), null)).Status);
        Assert.All((await ada.GetAsync<TokenList>(Routes.Tokens)).Tokens, token => Assert.Equal("ada", token.User));
        Assert.Equal("user", (await ada.GetAsync<WhoAmI>(Routes.WhoAmI)).Role);
        Assert.Equal("manager", (await _master.Manager.GetAsync<WhoAmI>(Routes.WhoAmI)).Role);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("9223372036854775807")]
    [InlineData("-9223372036854775808")]
    [InlineData("99999999999")]
    public async Task Lifetime_ThatCannotBe_IsRefused(string seconds)
    {
        var problem = await _master.Manager.RefusedAsync(HttpMethod.Post, Routes.Tokens, $$"""{"kind":"user","lifetimeSeconds":{{seconds}}}""");

        Assert.Equal((400, ErrorCode.InvalidRequest), (problem.Status, problem.Code));
    }

    [Fact]
    public async Task Secrets_AreNeitherInTheDataDirectoryNorInTheLog()
    {
        var ada = await _master.UserAsync("ada");
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        await agent.ContactAsync();
        var secrets = new[] { ada.Token, agent.Client.Token, _master.Manager.Token }.Select(text =>
        {
            Assert.True(AccessToken.TryParse(text, out var token));
            return token!.Secret;
        }).ToList();
        Assert.True(AccessToken.TryParse(ada.Token, out var guess));
        secrets.Add(new string('0', 64));
        await RequireUnauthorizedAsync((guess! with { Secret = secrets[^1] }).Reveal());

        var files = Directory.EnumerateFiles(_master.DataDirectory, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) is not ("manager.token" or "lock")).ToList();

        Assert.Contains(files, file => file.EndsWith("ahoy.db-wal", StringComparison.Ordinal));
        foreach (var secret in secrets)
        {
            foreach (var file in files)
                Assert.False(ReadShared(file).AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)) >= 0, $"{file} holds a secret.");
            Assert.DoesNotContain(secret, _master.Log.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ManagersToken_IsReadableByItsOwnerOnly_AsIsTheDataDirectory()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_master.DataDirectory, "manager.token")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_master.DataDirectory, "tls", "ca.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_master.DataDirectory));
        Assert.NotEmpty((await _master.Manager.GetAsync<WhoAmI>(Routes.WhoAmI)).User);
    }

    [Theory]
    [InlineData("GET", "/", 404, ErrorCode.NotFound)]
    [InlineData("GET", "/api/v1/nonsense", 404, ErrorCode.NotFound)]
    [InlineData("GET", "/api/v9/jobs", 404, ErrorCode.NotFound)]
    [InlineData("DELETE", "/api/v1/jobs", 405, ErrorCode.NotFound)]
    [InlineData("GET", "/api/v1/jobs/abc", 400, ErrorCode.InvalidRequest)]
    [InlineData("GET", "/api/v1/jobs/-1", 400, ErrorCode.InvalidRequest)]
    [InlineData("GET", "/api/v1/jobs/999", 404, ErrorCode.NotFound)]
    [InlineData("GET", "/api/v1/jobs?limit=abc", 400, ErrorCode.InvalidRequest)]
    [InlineData("GET", "/api/v1/images?kind=abc", 400, ErrorCode.InvalidRequest)]
    [InlineData("GET", "/api/v1/images/base/abc", 404, ErrorCode.UnknownBase)]
    [InlineData("GET", "/api/v1/images/application/abc", 404, ErrorCode.UnknownImage)]
    [InlineData("GET", "/api/v1/builds/abc", 404, ErrorCode.NotFound)]
    [InlineData("GET", "/api/v1/uploads/abc", 400, ErrorCode.InvalidRequest)]
    public async Task CallsThatAreNotThere_AreAnsweredWithAProblem(string method, string path, int status, ErrorCode code)
    {
        var problem = await _master.Manager.RefusedAsync(new HttpMethod(method), path, null);

        Assert.Equal((status, code), (problem.Status, problem.Code));
        Assert.NotEmpty(problem.Detail);
    }

    [Fact]
    public async Task BodyThatIsNotJson_IsAnsweredWithAProblem()
    {
        using var content = new StringContent("image=base", Encoding.UTF8, "application/x-www-form-urlencoded");
        using var response = await _master.Manager.Http.PostAsync(new Uri(Routes.Jobs, UriKind.Relative), content, TestContext.Current.CancellationToken);

        Assert.Equal(ErrorCode.InvalidRequest, (await TestClient.ProblemAsync(response)).Code);
    }

    private async Task<Problem> RequireUnauthorizedAsync(string? token)
    {
        var problem = await _master.Connect(token).RefusedAsync(HttpMethod.Get, Routes.WhoAmI, null);
        Assert.Equal((401, ErrorCode.Unauthorized), (problem.Status, problem.Code));
        return problem;
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
