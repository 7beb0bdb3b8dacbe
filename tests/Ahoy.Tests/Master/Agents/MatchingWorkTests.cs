using Ahoy.Contracts.Jobs;
using Ahoy.Master.Agents;
using Ahoy.Master.Jobs;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Agents;

/// <summary>What matching costs, counted in looks at kinds of requirements: it must not grow with the number of agents.</summary>
public sealed class MatchingWorkTests : IAsyncLifetime
{
    private const int Agents = 30;
    private const int Kinds = 10;
    private TestMaster _master = null!;

    private JobIndex Index => _master.Service<JobIndex>();

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        await _master.AddBaseAsync("base");
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Contact_LooksForItsOwnAgentOnly()
    {
        var agents = await AgentsAsync();
        await SubmitForNobodyAsync();
        foreach (var agent in agents)
            await agent.ContactAsync();
        var before = Index.Looks;

        foreach (var agent in agents)
            await agent.ContactAsync();

        Assert.Equal(Agents * Kinds, Index.Looks - before);
    }

    [Fact]
    public async Task IdleMaster_LooksForNothing()
    {
        var agents = await AgentsAsync();

        foreach (var agent in agents)
            await agent.ContactAsync();

        Assert.Equal(0, Index.Looks);
    }

    [Fact]
    public async Task NewJob_WakesOneAgentThatMayTakeIt_AndTheOthersGoOnWaiting()
    {
        var agents = await AgentsAsync();
        var special = agents[Agents / 2];
        special.Capabilities = special.Capabilities with { Labels = new Dictionary<string, string> { ["gpu"] = "a100" } };
        await special.ContactAsync();
        var waiting = agents.Select(agent => agent.ContactAsync(waitSeconds: 20)).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(agents.All(agent => _master.Service<AgentDirectory>().Get(agent.Name).IsInContact)), "all agents wait at the master");
        var before = Index.Looks;

        var job = await _master.Manager.SubmitAsync(Requests.Small with { Labels = new Dictionary<string, string> { ["gpu"] = "a100" } });

        Assert.Equal(job.Id, Assert.Single((await waiting[Agents / 2]).Start).Job);
        Assert.Equal([Agents / 2], Enumerable.Range(0, Agents).Where(i => waiting[i].IsCompleted));
        Assert.Equal(1, Index.Looks - before);
    }

    private async Task<List<ScriptedAgent>> AgentsAsync()
    {
        var agents = new List<ScriptedAgent>();
        for (var i = 0; i < Agents; i++)
        {
            agents.Add(await _master.AgentAsync($"agent{i}", 4, Requests.Gigabyte));
            await agents[^1].ContactAsync();
        }

        return agents;
    }

    /// <summary>Jobs that one agent could run if it were there: it joined, and went.</summary>
    private async Task SubmitForNobodyAsync()
    {
        var big = await _master.AgentAsync("big", 100, 100 * Requests.Gigabyte);
        await big.ContactAsync();
        for (var kind = 0; kind < Kinds; kind++)
            await _master.Manager.SubmitAsync(Requests.Sized(10 + kind, Requests.Gigabyte));
    }
}
