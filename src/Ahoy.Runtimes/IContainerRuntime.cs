using Ahoy.Contracts;
using Ahoy.Images.Store;

namespace Ahoy.Runtimes;

/// <summary>
/// Runs containers. Implementations keep no state but what lies on disk under the container's name, so that a process
/// that is started anew finds its containers again. Stop and remove can be repeated: what is gone counts as done.
/// </summary>
public interface IContainerRuntime
{
    /// <summary>The word used in configuration: "crun", "runc".</summary>
    string Name { get; }

    /// <summary>Tries whether containers can be run here and what can be enforced. Never throws for a runtime that can't be used: the status says why.</summary>
    Task<RuntimeStatus> ProbeAsync(CancellationToken cancellationToken);

    /// <summary>Makes sure that everything of the image is on this host. Only what is missing is read from <paramref name="source"/>.</summary>
    /// <exception cref="AhoyException">The image is damaged or unsafe, the source can't be reached (transient), or the disk is full.</exception>
    Task<PreparedImage> PrepareImageAsync(Digest manifest, IBlobSource source, CancellationToken cancellationToken);

    /// <summary>Creates and starts a container. When it throws, nothing of the container is left.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.RuntimeFailed"/> with what the runtime said.</exception>
    Task<ContainerHandle> StartAsync(ContainerSpec spec, CancellationToken cancellationToken);

    /// <summary>Waits, without polling, until the container's first process has ended. Works also after a restart of this process.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.NotFound"/>: there is none, or its start was cut off before anything of it ran.</exception>
    Task<ContainerExit> WaitAsync(ContainerHandle container, CancellationToken cancellationToken);

    /// <summary>Sends SIGTERM to the first process, and kills everything in the container when it has not ended after the grace period.</summary>
    Task StopAsync(ContainerHandle container, TimeSpan gracePeriod, CancellationToken cancellationToken);

    /// <summary>Writes what the container changed in its root as an uncompressed OCI layer: deterministic, see <see cref="Images.Layers.OverlayDiff"/>. Only after it ended.</summary>
    Task ExportChangesAsync(ContainerHandle container, Stream layer, IReadOnlySet<string> excluded, CancellationToken cancellationToken);

    /// <summary>Kills what still runs and removes everything of the container: processes, mounts, cgroups, files.</summary>
    Task RemoveAsync(ContainerHandle container, CancellationToken cancellationToken);

    /// <summary>Containers that exist on this host under this runtime's state directory, running or ended.</summary>
    Task<IReadOnlyList<ContainerHandle>> ListAsync(CancellationToken cancellationToken);
}
