using System.Collections.Concurrent;
using Ahoy.Contracts;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Runtimes;

namespace Ahoy.Testing;

/// <summary>Containers that are nothing but a script: what each does is decided by <see cref="Script"/> when it starts.</summary>
public sealed class FakeRuntime : IContainerRuntime
{
    private readonly ConcurrentDictionary<string, Running> _containers = new();

    public string Name => "fake";

    public RuntimeStatus Status { get; set; } = new() { Usable = true, Reason = "A fake.", Version = "1", EnforcesMemory = true, EnforcesCpu = true, EnforcesPids = true, HasIdRange = true };

    /// <summary>What a container with this specification does. By default it prints nothing and exits with 0 at once.</summary>
    public Func<ContainerSpec, FakeContainer> Script { get; set; } = _ => new FakeContainer();

    /// <summary>Every specification that was started, in order.</summary>
    public ConcurrentQueue<ContainerSpec> Started { get; } = new();

    /// <summary>Every image that was asked for, in order.</summary>
    public ConcurrentQueue<Digest> Prepared { get; } = new();

    /// <summary>What the next preparation throws; null: it succeeds.</summary>
    public AhoyException? PrepareFailure { get; set; }

    /// <summary>What the next start throws; null: it succeeds.</summary>
    public AhoyException? StartFailure { get; set; }

    public ImageConfig Config { get; set; } = new() { Architecture = "amd64", Os = "linux", Rootfs = new ImageConfig.RootFileSystem { DiffIds = [] } };

    public Task<RuntimeStatus> ProbeAsync(CancellationToken cancellationToken) => Task.FromResult(Status);

    public Task<PreparedImage> PrepareImageAsync(Digest manifest, IBlobSource source, CancellationToken cancellationToken)
    {
        if (PrepareFailure is { } failure)
            throw failure;
        Prepared.Enqueue(manifest);
        return Task.FromResult(new PreparedImage(manifest, Config));
    }

    public async Task<ContainerHandle> StartAsync(ContainerSpec spec, CancellationToken cancellationToken)
    {
        if (StartFailure is { } failure)
            throw failure;
        var script = Script(spec);
        var running = new Running(script);
        if (!_containers.TryAdd(spec.Name, running))
            throw new AhoyException(ErrorCode.Conflict, $"There is a container {spec.Name} already.");
        Started.Enqueue(spec);
        await File.WriteAllTextAsync(spec.OutputFile, script.Output, cancellationToken);
        running.Begin(spec);
        return new ContainerHandle(spec.Name);
    }

    public Task<ContainerExit> WaitAsync(ContainerHandle container, CancellationToken cancellationToken) =>
        _containers.TryGetValue(container.Name, out var running)
            ? running.Exit.Task.WaitAsync(cancellationToken)
            : throw new AhoyException(ErrorCode.NotFound, $"There is no container {container.Name}.");

    public async Task StopAsync(ContainerHandle container, TimeSpan gracePeriod, CancellationToken cancellationToken)
    {
        if (!_containers.TryGetValue(container.Name, out var running))
            return;
        if (!running.Script.IgnoresTerm)
            running.Exit.TrySetResult(new ContainerExit { ExitCode = 128 + 15 });
        try
        {
            await running.Exit.Task.WaitAsync(gracePeriod, cancellationToken);
        }
        catch (TimeoutException)
        {
            running.Exit.TrySetResult(new ContainerExit { ExitCode = 128 + 9 });
        }
    }

    public async Task ExportChangesAsync(ContainerHandle container, Stream layer, IReadOnlySet<string> excluded, CancellationToken cancellationToken)
    {
        if (!_containers.TryGetValue(container.Name, out var running))
            throw new AhoyException(ErrorCode.NotFound, $"There is no container {container.Name}.");
        await layer.WriteAsync(running.Script.Changes, cancellationToken);
    }

    public Task RemoveAsync(ContainerHandle container, CancellationToken cancellationToken)
    {
        if (_containers.TryRemove(container.Name, out var running))
            running.Exit.TrySetResult(new ContainerExit { ExitCode = 128 + 9 });
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<ContainerHandle>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ContainerHandle>>([.. _containers.Keys.Order(StringComparer.Ordinal).Select(name => new ContainerHandle(name))]);

    private sealed class Running(FakeContainer script)
    {
        public FakeContainer Script { get; } = script;
        public TaskCompletionSource<ContainerExit> Exit { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async void Begin(ContainerSpec spec)
        {
            try
            {
                await Script.Run(spec);
                Exit.TrySetResult(new ContainerExit { ExitCode = Script.ExitCode, OutOfMemory = Script.OutOfMemory, PeakMemoryBytes = Script.PeakMemoryBytes });
            }
            catch (Exception e)
            {
                // The test that waits for this container fails with it.
                Exit.TrySetException(e);
            }
        }
    }
}
