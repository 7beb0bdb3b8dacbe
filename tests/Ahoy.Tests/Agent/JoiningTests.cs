using Ahoy.Agent;
using Ahoy.Agent.Joining;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Testing;

namespace Ahoy.Tests.Agent;

public sealed class JoiningTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ahoy-agent-test.").FullName;

    private string State => Path.Combine(_directory, "state");

    [Fact]
    public async Task Join_token_becomes_credentials_that_nobody_else_can_read()
    {
        await using var master = await FakeMaster.StartAsync();

        await new AgentMembership(State).EnsureAsync(master.Url, TokenFile(master.JoinToken), "host1", AgentUnderTest.Canceled);

        var kept = new AgentMembership(State).Load()!;
        Assert.Equal((master.Url, "host1", master.AgentToken.Reveal()), (kept.Master, kept.Name, kept.Token));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(State, "credentials.json")));
    }

    [Fact]
    public async Task Agent_that_has_joined_does_not_use_the_token_again_but_may_find_its_master_elsewhere()
    {
        await using var master = await FakeMaster.StartAsync();
        var membership = new AgentMembership(State);
        await membership.EnsureAsync(master.Url, TokenFile(master.JoinToken), "host1", AgentUnderTest.Canceled);
        var elsewhere = new Uri("https://192.0.2.1:1");

        var again = await membership.EnsureAsync(elsewhere, TokenFile(master.JoinToken), "other", AgentUnderTest.Canceled);

        Assert.Equal((elsewhere, "host1"), (again.Master, again.Name));
    }

    [Fact]
    public async Task Token_of_another_master_makes_the_agent_join_that_one()
    {
        await using var first = await FakeMaster.StartAsync();
        await using var second = await FakeMaster.StartAsync();
        var membership = new AgentMembership(State);
        await membership.EnsureAsync(first.Url, TokenFile(first.JoinToken), "host1", AgentUnderTest.Canceled);

        var joined = await membership.EnsureAsync(second.Url, TokenFile(second.JoinToken), "host1", AgentUnderTest.Canceled);

        Assert.Equal(second.AgentToken.Reveal(), joined.Token);
    }

    [Fact]
    public async Task Token_that_the_master_does_not_know_is_refused_and_nothing_is_kept()
    {
        await using var master = await FakeMaster.StartAsync();
        var unknown = AccessToken.Create(AccessToken.Join, master.JoinToken.CaFingerprint);

        var fault = await Assert.ThrowsAsync<AhoyException>(() => new AgentMembership(State).EnsureAsync(master.Url, TokenFile(unknown), "host1", AgentUnderTest.Canceled));

        Assert.Equal(ErrorCode.Unauthorized, fault.Code);
        Assert.Null(new AgentMembership(State).Load());
    }

    [Fact]
    public async Task Agent_that_never_joined_says_how_to()
    {
        var fault = await Assert.ThrowsAsync<AhoyException>(() => new AgentMembership(State).EnsureAsync(null, null, "host1", AgentUnderTest.Canceled));

        Assert.Contains("ahoy agent join URL --token-file FILE", fault.Message);
    }

    [Fact]
    public void Users_token_is_no_join_token() =>
        Assert.Contains("does not hold a join token", Assert.Throws<AhoyException>(() => AgentMembership.ReadToken(TokenFile(AccessToken.Create(AccessToken.User, new string('a', 64))))).Message);

    [Fact]
    public void Second_agent_on_one_state_directory_is_refused()
    {
        using var first = StateDirectory.Open(State);

        Assert.Equal(ErrorCode.Conflict, Assert.Throws<AhoyException>(() => StateDirectory.Open(State)).Code);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string TokenFile(AccessToken token)
    {
        var file = Path.Combine(_directory, token.Id);
        File.WriteAllText(file, token.Reveal() + "\n");
        return file;
    }
}
