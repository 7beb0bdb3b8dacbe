using Ahoy.Runtimes;

namespace Ahoy.SystemTests.Runtimes;

/// <summary>Two lives of one daemon, each a process of its own: <see cref="NamespacedRuntimeTests"/> runs them one after the other.</summary>
public sealed class DaemonRestartSteps
{
    private static readonly string State = Environment.GetEnvironmentVariable(DaemonNamespaceEntry.Variable) ?? "/nonexistent";
    private readonly IContainerRuntime _runtime = ContainerRuntimes.Create("crun", State, layerBytes: null);

    [Fact(Explicit = true)]
    public async Task First_StartsAContainerAndEnds()
    {
        var image = new TestImage();
        await _runtime.PrepareImageAsync(image.Manifest, image, CancellationToken.None);
        await _runtime.StartAsync(
            new ContainerSpec
            {
                Name = "long.1",
                Image = image.Manifest,
                Command = ["/bin/sh", "-c", "trap 'exit 9' TERM; : ahoy-contract-marker; while :; do sleep 1; done"],
                Environment = new Dictionary<string, string> { ["PATH"] = "/bin" },
                OutputFile = Path.Combine(State, "output"),
            },
            CancellationToken.None);
    }

    [Fact(Explicit = true)]
    public async Task Second_FindsItAndEndsIt()
    {
        var container = Assert.Single(await _runtime.ListAsync(CancellationToken.None));
        Assert.True(File.Exists(Path.Combine(State, "containers", "crun", "long.1", "rootfs", "bin", "busybox")), "This daemon does not see the container's root: it is in other namespaces.");
        var end = _runtime.WaitAsync(container, CancellationToken.None);
        Assert.False(end.IsCompleted);
        await _runtime.StopAsync(container, TimeSpan.FromSeconds(30), CancellationToken.None);
        Assert.Equal(9, (await end).ExitCode);
        await _runtime.RemoveAsync(container, CancellationToken.None);
        Assert.Empty(await _runtime.ListAsync(CancellationToken.None));
    }
}
