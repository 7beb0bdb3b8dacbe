using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Agents;
using Ahoy.Master.Storage;
using Ahoy.Testing;

namespace Ahoy.Tests.Master;

/// <summary>What users and agents who mean harm, or are broken, must not be able to do.</summary>
public sealed class HardeningTests : IAsyncLifetime
{
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync() => _master = await TestMaster.StartAsync();

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Start_WithAnUnreadableAgentInTheDatabase_StillServesEverybody()
    {
        await _master.AgentAsync("good", 2, 4L << 30);
        await _master.Service<Database>().WriteAsync(connection =>
            connection.Execute("INSERT INTO agents (name, capabilities, joined_at) VALUES ('bad', '{\"cpus\":1}', 0)"));

        await _master.RestartAsync();

        await _master.Manager.GetAsync<AgentList>(Routes.Agents);
    }

    /// <summary>A clock that is set, or a computer that slept, says nothing about an agent.</summary>
    [Fact]
    public void Lease_WhenTheClockIsSetForward_DoesNotEnd()
    {
        var clock = new SteppedClock();
        var session = new AgentSession("vm");
        session.Expect(capabilities: null, null, clock);

        clock.Step(TimeSpan.FromHours(1));

        Assert.True(session.SilentFor(clock) < TimeSpan.FromMinutes(1));
        Assert.True(clock.GetUtcNow() - session.LastContact >= TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Contact_WithMoreThanAnAgentCanHave_IsRefused()
    {
        var agent = await _master.AgentAsync("vm", 2, 4L << 30);
        var usual = agent.Request(0);
        var tooMany = usual with { Held = [.. Enumerable.Range(1, 10_001).Select(number => new HeldAttempt { Job = new JobId(number), Attempt = 1 })] };
        var tooLong = usual with { Capabilities = usual.Capabilities with { Enforcement = new string('x', 3000) } };
        var negative = usual with { Capabilities = usual.Capabilities with { Cpus = -1 } };

        foreach (var request in new[] { tooMany, tooLong, negative })
        {
            var refusal = await Assert.ThrowsAsync<AhoyException>(() => agent.SendAsync(request));
            Assert.Equal(ErrorCode.InvalidRequest, refusal.Code);
        }
    }

    [Fact]
    public async Task Bodies_AreBoundedByWhatTheirRouteNeeds()
    {
        var text = new string('x', 100_000);

        var problem = await _master.Manager.RefusedAsync(HttpMethod.Post, Routes.Tokens, $$"""{"kind":"user","user":"{{text}}"}""");
        Assert.Contains("too large", problem.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(10_000, (await _master.Manager.MissingAsync([.. Enumerable.Range(0, 10_000).Select(i => Digest.Of(BitConverter.GetBytes(i)))])).Count);
        await _master.Manager.UploadAsync(new byte[1_000_000]);
    }

    [Fact]
    public async Task Build_WithPackagesOnAUsersOwnBase_IsRefused()
    {
        var ada = await _master.UserAsync("ada");
        await HandmadeImage.Create("ID=test\nVERSION_ID=1\n").RegisterAsync(ada, "adas", ImageKind.Base);

        var refusal = await Assert.ThrowsAsync<AhoyException>(() => ada.PostAsync<BuildRequest, BuildView>(
            Routes.Builds, new BuildRequest { Name = "app", Base = "adas", Packages = ["hello"] }));

        Assert.Equal(ErrorCode.Forbidden, refusal.Code);
        Assert.Contains("made by ada", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_OfAUser_MakesNoneThatOutlivesIt()
    {
        var brief = await _master.Manager.PostAsync<TokenRequest, TokenResponse>(Routes.Tokens, new TokenRequest { Kind = "user", User = "ada", LifetimeSeconds = 60 });
        using var ada = _master.Connect(brief.Token);

        var child = await ada.PostAsync<TokenRequest, TokenResponse>(Routes.Tokens, new TokenRequest { Kind = "user", LifetimeSeconds = 3600 });

        Assert.True(child.Expires <= brief.Expires, $"{child.Expires} is after {brief.Expires}");
    }

    private sealed class SteppedClock : TimeProvider
    {
        private TimeSpan _step;

        public void Step(TimeSpan step) => _step += step;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _step;
    }

    [Fact]
    public async Task Submit_WithAWallTimeNoTimerCanHold_IsRefused()
    {
        await _master.AddBaseAsync("base");
        var request = new JobRequest { Image = "base", Command = ["true"], Resources = new JobResources { WallTimeSeconds = long.MaxValue } };

        var refusal = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitAsync(request));

        Assert.Equal(ErrorCode.InvalidRequest, refusal.Code);
    }
}
