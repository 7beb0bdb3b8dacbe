using System.Diagnostics;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Tests.Runtimes;

public sealed class ProcessIdentityTests
{
    [Fact]
    public void Find_ThisProcess_IsAliveAndSurvivesItsText()
    {
        var self = ProcessIdentity.Find(Environment.ProcessId)!.Value;
        Assert.True(self.IsAlive());
        Assert.Equal(self, ProcessIdentity.Parse(self.ToString()));
    }

    [Fact]
    public void IsAlive_SameIdStartedAtAnotherTime_IsAnotherProcess()
    {
        var self = ProcessIdentity.Find(Environment.ProcessId)!.Value;
        Assert.False((self with { StartTicks = self.StartTicks - 1 }).IsAlive());
    }

    [Fact]
    public async Task WhenEnded_ProcessThatIsKilled_Completes()
    {
        using var sleeper = Process.Start("sleep", "1000");
        var identity = ProcessIdentity.Find(sleeper.Id)!.Value;
        var ended = ExitWatch.Shared.WhenEndedAsync(identity);
        Assert.False(ended.IsCompleted);
        identity.Signal(LibC.SigKill);
        await ended.WaitAsync(TimeSpan.FromSeconds(10));
        await sleeper.WaitForExitAsync();
        Assert.False(identity.IsAlive());
    }
}
