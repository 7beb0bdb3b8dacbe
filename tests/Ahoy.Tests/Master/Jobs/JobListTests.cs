using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Storage;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Jobs;

public sealed class JobListTests : IAsyncLifetime
{
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        await _master.AddBaseAsync("base");
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Pages_FollowOneAnother_NewestFirst()
    {
        var jobs = new List<JobId>();
        for (var i = 0; i < 5; i++)
            jobs.Insert(0, (await _master.Manager.SubmitAsync(Requests.Small)).Id);

        var first = await ListAsync("?limit=2");
        var second = await ListAsync($"?limit=2&before={first[^1].Id}");
        var third = await ListAsync($"?limit=2&before={second[^1].Id}");

        Assert.Equal(jobs, first.Concat(second).Concat(third).Select(job => job.Id));
        Assert.Equal(400, (await _master.Manager.RefusedAsync(HttpMethod.Get, Routes.Jobs + "?before=x", null)).Status);
    }

    [Fact]
    public async Task List_LeavesOutWhatIsLong_TheJobItselfHasIt()
    {
        var request = Requests.WithOutputs("a") with { Name = "mine", Environment = new Dictionary<string, string> { ["LONG"] = new string('x', 10_000) } };
        var job = await _master.Manager.SubmitAsync(request);

        var listed = Assert.Single(await ListAsync(""));

        Assert.Equal(("mine", "base"), (listed.Request.Name, listed.Request.Image));
        Assert.Equal(request.Resources, listed.Request.Resources);
        Assert.Contains("No agent", listed.Waiting, StringComparison.Ordinal);
        Assert.Empty(listed.Request.Environment);
        Assert.Empty(listed.Request.Outputs);
        Assert.Single((await _master.Manager.JobAsync(job.Id)).Request.Environment);
    }

    [Fact]
    public async Task RowThatCanNotBeRead_HidesNoOther_AndStopsNoMaster()
    {
        var bad = await _master.Manager.SubmitAsync(Requests.Small);
        var good = await _master.Manager.SubmitAsync(Requests.Small);
        await _master.Service<Database>().WriteAsync(connection => connection.Execute("UPDATE jobs SET state = 'DREAMING' WHERE id = $id", ("$id", bad.Id.Value)));

        await _master.RestartAsync();

        Assert.Equal(good.Id, Assert.Single(await ListAsync("")).Id);
        var problem = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.JobAsync(bad.Id));
        Assert.Contains($"Job {bad.Id} can't be read", problem.Message, StringComparison.Ordinal);
        Assert.Contains($"Job {bad.Id} was left out", _master.Log.Text, StringComparison.Ordinal);
        Assert.Equal(good.Id, (await (await _master.AgentAsync("one", 1, Requests.Gigabyte)).TakeAsync()).Job);
    }

    [Fact]
    public async Task AgentWhoseCapabilitiesCanNotBeRead_IsNamedInTheLog()
    {
        await (await _master.AgentAsync("one", 1, Requests.Gigabyte)).ContactAsync();
        await _master.Service<Database>().WriteAsync(connection => connection.Execute("UPDATE agents SET capabilities = '{'"));

        await _master.RestartAsync();

        Assert.Contains("agent one can't be read", _master.Log.Text, StringComparison.Ordinal);
        Assert.Empty((await _master.Manager.GetAsync<AgentList>(Routes.Agents)).Agents);
    }

    private async Task<IReadOnlyList<JobView>> ListAsync(string query) => (await _master.Manager.GetAsync<JobList>(Routes.Jobs + query)).Jobs;
}
