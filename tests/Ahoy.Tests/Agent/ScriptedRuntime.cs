using System.Collections.Concurrent;
using Ahoy.Contracts;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Runtimes;

namespace Ahoy.Tests.Agent;

/// <summary>Containers whose first process is a method of the test; they live on when an agent ends, as real ones do.</summary>
internal sealed class ScriptedRuntime(string name) : IContainerRuntime
{
    private readonly ConcurrentDictionary<string, (Task<ContainerExit> Exit, CancellationTokenSource Terminate)> _containers = new();

    public string Name => name;
    public RuntimeStatus Status { get; set; } = new() { Usable = true, Reason = "scripted", EnforcesMemory = true, EnforcesCpu = true, EnforcesPids = true };
    public Func<IBlobSource, Task>? Prepare { get; set; }
    public IReadOnlyList<string> ImageEnvironment { get; set; } = [];
    public ConcurrentQueue<ContainerSpec> Started { get; } = new();
    public IEnumerable<string> Names => _containers.Keys.Concat(CutOff.Keys);

    /// <summary>So many removals fail.</summary>
    public int FailingRemovals { get; set; }

    /// <summary>Containers whose start was cut off: they are listed, and nothing more is known of them.</summary>
    public ConcurrentDictionary<string, bool> CutOff { get; } = new();

    /// <summary>The first process. The token is its SIGTERM.</summary>
    public Func<WrapperScript, CancellationToken, Task<ContainerExit>> Program { get; set; } = (_, _) => Task.FromResult(new ContainerExit { ExitCode = 0 });

    public Task<RuntimeStatus> ProbeAsync(CancellationToken cancellationToken) => Task.FromResult(Status);

    public async Task<PreparedImage> PrepareImageAsync(Digest manifest, IBlobSource source, CancellationToken cancellationToken)
    {
        if (Prepare is not null)
            await Prepare(source).WaitAsync(cancellationToken);
        return new PreparedImage(manifest, new ImageConfig
        {
            Architecture = "amd64",
            Os = "linux",
            Config = new ImageConfig.ContainerConfig { Env = ImageEnvironment },
            Rootfs = new ImageConfig.RootFileSystem { DiffIds = [] },
        });
    }

    public Task<ContainerHandle> StartAsync(ContainerSpec spec, CancellationToken cancellationToken)
    {
        Started.Enqueue(spec);
        var terminate = new CancellationTokenSource();
        _containers[spec.Name] = (Task.Run(() => Program(new WrapperScript(spec), terminate.Token), CancellationToken.None), terminate);
        return Task.FromResult(new ContainerHandle(spec.Name));
    }

    public Task<ContainerExit> WaitAsync(ContainerHandle container, CancellationToken cancellationToken) =>
        _containers.TryGetValue(container.Name, out var found)
            ? found.Exit.WaitAsync(cancellationToken)
            : throw new AhoyException(ErrorCode.NotFound, $"There is no container {container.Name}.");

    public async Task StopAsync(ContainerHandle container, TimeSpan gracePeriod, CancellationToken cancellationToken) =>
        await _containers[container.Name].Terminate.CancelAsync();

    public Task ExportChangesAsync(ContainerHandle container, Stream layer, IReadOnlySet<string> excluded, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Agents export nothing.");

    public async Task RemoveAsync(ContainerHandle container, CancellationToken cancellationToken)
    {
        if (FailingRemovals > 0)
        {
            FailingRemovals--;
            throw new AhoyException(ErrorCode.RuntimeFailed, "a process hangs in the kernel", transient: true);
        }

        CutOff.TryRemove(container.Name, out _);
        if (_containers.TryRemove(container.Name, out var removed))
            await removed.Terminate.CancelAsync();
    }

    public Task<IReadOnlyList<ContainerHandle>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ContainerHandle>>([.. Names.Select(name => new ContainerHandle(name))]);
}
