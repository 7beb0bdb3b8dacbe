using System.Diagnostics;
using Ahoy.Contracts;
using Ahoy.Images.Layers;
using Ahoy.Images.Store;
using Ahoy.Processes;
using Ahoy.Runtimes.Cgroups;
using Ahoy.Runtimes.Linux;
using Ahoy.Runtimes.Namespaces;

namespace Ahoy.Runtimes.Oci;

/// <summary>
/// Containers by an OCI runtime program (crun, runc) without a daemon: as root, or as an ordinary user in a user namespace
/// (see <see cref="DaemonNamespace"/>). Starting is in OciRuntime.Start.cs, probing in OciRuntime.Probe.cs.
/// </summary>
internal sealed partial class OciRuntime : IContainerRuntime
{
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookForFirstProcess = TimeSpan.FromMilliseconds(100);
    private readonly RuntimeProgram _program;
    private readonly string _containers;
    private readonly string _runtimeState;
    private readonly string _cgroupGroup;
    private readonly ImageCache _images;
    private readonly LayerCache _layers;
    private readonly IdRange _ids = IdRanges.OfThisProcess();
    // On cgroup v2 looking moves this process: only when containers are really wanted.
    private readonly Lazy<CgroupHost> _cgroups = new(CgroupHost.Detect);

    public OciRuntime(RuntimeProgram program, string stateDirectory, long? layerBytes)
    {
        var state = Path.GetFullPath(stateDirectory);
        _program = program;
        _containers = Path.Combine(state, "containers", program.Name);
        _runtimeState = Path.Combine(state, "runtime", program.Name);
        _cgroupGroup = $"ahoy-{Digest.Of(System.Text.Encoding.UTF8.GetBytes(_containers)).Hex[..12]}";
        _layers = new LayerCache(state, layerBytes);
        _images = new ImageCache(state, _layers);
    }

    public string Name => _program.Name;

    public Task<PreparedImage> PrepareImageAsync(Digest manifest, IBlobSource source, CancellationToken cancellationToken)
    {
        // Whoever prepares an image is about to start a container of it.
        _cgroups.Value.ExpectMove();
        return _images.PrepareAsync(manifest, source, cancellationToken);
    }

    public async Task<ContainerExit> WaitAsync(ContainerHandle container, CancellationToken cancellationToken)
    {
        var directory = DirectoryOf(container);
        if (directory.Record() is not { } record)
            throw new AhoyException(ErrorCode.NotFound, $"There is no container {container.Name} under {_containers}.");
        await WhenEndedAsync(directory).WaitAsync(cancellationToken);
        var use = new ContainerCgroup(record.Cgroups).Use();
        return new ContainerExit
        {
            ExitCode = directory.ExitCode(),
            OutOfMemory = use.OutOfMemory,
            PeakMemoryBytes = use.PeakMemoryBytes,
            RuntimeOutput = directory.RuntimeOutput(),
        };
    }

    public async Task StopAsync(ContainerHandle container, TimeSpan gracePeriod, CancellationToken cancellationToken)
    {
        var directory = DirectoryOf(container);
        var ended = WhenEndedAsync(directory);
        directory.FirstProcess()?.Signal(LibC.SigTerm);
        try
        {
            await ended.WaitAsync(gracePeriod, cancellationToken);
        }
        catch (TimeoutException)
        {
            await KillAsync(directory, cancellationToken);
        }
    }

    public async Task ExportChangesAsync(ContainerHandle container, Stream layer, IReadOnlySet<string> excluded, CancellationToken cancellationToken)
    {
        var directory = DirectoryOf(container);
        if (directory.Record() is not { } record)
            throw new AhoyException(ErrorCode.NotFound, $"There is no container {container.Name} under {_containers}.");
        // Where something of the host was mounted, the upper directory holds at most the empty place for it.
        var all = record.MountTargets.Select(target => target.Trim('/')).Concat(excluded).ToHashSet();
        await OverlayDiff.WriteAsync(directory.Upper, layer, record.ImageTime, all, cancellationToken);
    }

    public async Task RemoveAsync(ContainerHandle container, CancellationToken cancellationToken)
    {
        var directory = DirectoryOf(container);
        if (!directory.Exists())
            return;
        await KillAsync(directory, cancellationToken);
        if (directory.Record() is { } record)
            await new ContainerCgroup(record.Cgroups).RemoveAsync(cancellationToken);
        OverlayMount.Unmount(directory.Root);
        await DirectoryTree.RemoveAsync(Path.Combine(_runtimeState, container.Name));
        // The record goes last, with the directory: until then the container can be found and removed again.
        await DirectoryTree.RemoveAsync(directory.Upper);
        await DirectoryTree.RemoveAsync(directory.Work);
        await DirectoryTree.RemoveAsync(directory.Path);
    }

    public Task<IReadOnlyList<ContainerHandle>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ContainerHandle>>([.. ContainerDirectory.Of(_containers).Select(directory => new ContainerHandle(directory.Name))]);

    private ContainerDirectory DirectoryOf(ContainerHandle container) => new(Path.Combine(_containers, CheckName(container.Name)));

    /// <summary>Completes when both the launcher (with the runtime program) and the first process have ended.</summary>
    private static async Task WhenEndedAsync(ContainerDirectory directory)
    {
        if (directory.Launcher() is { } launcher)
            await ExitWatch.Shared.WhenEndedAsync(launcher);
        // Usually it ended before the launcher did; it outlives one that was killed.
        if (directory.FirstProcess() is { } first)
            await ExitWatch.Shared.WhenEndedAsync(first);
    }

    /// <summary>Kills the first process, with which its whole pid namespace ends, and waits for the end.</summary>
    internal static async Task KillAsync(ContainerDirectory directory, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            // Looked for again each time: the runtime program may be just about to make it.
            directory.FirstProcess()?.Signal(LibC.SigKill);
            try
            {
                await WhenEndedAsync(directory).WaitAsync(LookForFirstProcess, cancellationToken);
                return;
            }
            catch (TimeoutException e) when (clock.Elapsed > KillTimeout)
            {
                if (directory.Launcher() is { } launcher)
                    Launcher.Kill(launcher);
                throw new AhoyException(ErrorCode.RuntimeFailed, $"Container {directory.Name} has not ended {KillTimeout.TotalSeconds:0} s after it was killed (first process {directory.FirstProcess()}); a process that waits for a dead disk or network file system can't be killed.", e, transient: true);
            }
            catch (TimeoutException)
            {
                // Once more.
            }
        }
    }

    private static string CheckName(string name)
    {
        if (name.Length is 0 or > 64 || name[0] == '.' || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-'))
            throw new AhoyException(ErrorCode.InvalidRequest, $"\"{name}\" can't be a container's name: 1 to 64 letters, digits, \".\" and \"-\", not starting with \".\".");
        return name;
    }

    private string ProgramPath() =>
        ProgramRunner.Find(_program.Name)
        ?? throw new AhoyException(ErrorCode.RuntimeFailed, $"{_program.Name} is not installed. Install it (Debian: apt install {_program.Name}) or name another runtime in the configuration.");
}
