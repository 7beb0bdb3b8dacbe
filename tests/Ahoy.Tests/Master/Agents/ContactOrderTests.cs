using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Agents;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Agents;

public sealed class ContactOrderTests
{
    [Fact]
    public async Task CallWhoseReportsCanNotBeWritten_RenewsTheLeaseAllTheSame()
    {
        await using var master = await TestMaster.StartAsync();
        await master.AddBaseAsync("base");
        var agent = await master.AgentAsync("one", 1, Requests.Gigabyte);
        var job = await master.Manager.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        var session = master.Service<AgentDirectory>().Get("one");
        var before = session.LastContact;
        var obstacle = Directory.CreateDirectory(Path.Combine(master.DataDirectory, "logs", $"{attempt}.stdout"));
        var report = ScriptedAgent.Printed(attempt, JobState.Running, 0, "x"u8.ToArray());

        await Assert.ThrowsAsync<AhoyException>(() => agent.ContactAsync(report));

        Assert.True(session.LastContact > before, "An agent that calls is there, whatever the master's disk says.");
        obstacle.Delete();
        await agent.ContactAsync(report);
        Assert.Equal(JobState.Running, (await master.Manager.JobAsync(job.Id)).State);
    }
}
