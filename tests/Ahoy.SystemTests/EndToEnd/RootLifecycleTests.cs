using Ahoy.Contracts.Jobs;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.EndToEnd;

public sealed class RootLifecycleTests() : LifecycleContract(asRoot: true)
{
    [Fact]
    public async Task DiskOfTheMasterIsFull_UploadSaysSoAndItGoesOnWithRoomAgain()
    {
        // The master's folder alone: the agent, too, wants free disk, and must go on.
        var mountPoint = Path.Combine(System.DataDirectory, "ahoy", "master");
        Directory.CreateDirectory(mountPoint);
        await MountAsync("size=48m,mode=700", mountPoint);
        try
        {
            await UpWithBusyboxAsync();
            await using (var file = File.Create(Path.Combine(System.WorkDirectory, "big.bin")))
                file.SetLength(64L << 20);

            var submit = await System.TryAsync("submit", "--input", "big.bin", "busybox", "--", "true");

            Assert.NotEqual(0, submit.ExitCode);
            Assert.Contains("No space is left", submit.Error);

            // With room again the same master goes on, without having been restarted.
            await MountAsync("remount,size=256m", mountPoint);
            Assert.Equal(JobState.Complete, (await AfterAsync()).State);
        }
        finally
        {
            await System.TryAsync("down");
            await ProgramRunner.RunAsync(new ProgramCall { Program = "umount", Arguments = [mountPoint] }, CancellationToken.None);
        }
    }

    private static async Task MountAsync(string options, string mountPoint) =>
        await ProgramRunner.RunAsync(new ProgramCall { Program = "mount", Arguments = ["-t", "tmpfs", "-o", options, "ahoy-test", mountPoint] }, TestContext.Current.CancellationToken);

    private async Task<JobView> AfterAsync()
    {
        var id = await SubmitAsync("busybox", "--", "true");
        await System.TryAsync("wait", id);
        return await System.ShowAsync(id);
    }
}
