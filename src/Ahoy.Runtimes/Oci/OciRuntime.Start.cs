using Ahoy.Contracts;
using Ahoy.Runtimes.Cgroups;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Runtimes.Oci;

internal sealed partial class OciRuntime
{
    private static readonly TimeSpan EndingTimeout = TimeSpan.FromSeconds(2);
    private const UnixFileMode Traversable = (UnixFileMode)0x1ED; // 0755
    private const UnixFileMode Private = (UnixFileMode)0x1C0; // 0700
    private const UnixFileMode Sticky = (UnixFileMode)0x3FF; // 1777

    // All of it is system calls that take no time worth a thread switch, but for the wait for the runtime program.
    public Task<ContainerHandle> StartAsync(ContainerSpec spec, CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                var (layers, config) = _images.Open(spec.Image);
                return StartAsync(spec, layers, config.Created ?? DateTimeOffset.UnixEpoch, cancellationToken);
            },
            cancellationToken);

    private async Task<ContainerHandle> StartAsync(ContainerSpec spec, IReadOnlyList<string> layers, DateTimeOffset imageTime, CancellationToken cancellationToken)
    {
        Check(spec);
        var program = ProgramPath();
        var directory = DirectoryOf(new ContainerHandle(spec.Name));
        if (directory.Exists())
            throw new AhoyException(ErrorCode.Conflict, $"There is a container {spec.Name} already under {_containers}. Remove it first.");
        try
        {
            var bundle = new ContainerBundle(directory, spec, _program, _ids);
            MakeDirectories(directory);
            directory.Write(new ContainerRecord
            {
                Layers = layers,
                ImageTime = imageTime,
                MountTargets = bundle.MountTargets,
                Cgroups = ContainerCgroup.DirectoriesFor(_cgroups.Value, _cgroupGroup, spec.Name),
            });
            var cgroup = ContainerCgroup.Create(_cgroups.Value, _cgroupGroup, spec);
            OverlayMount.Mount([.. layers.Select(_layers.PathOf)], directory.Upper, directory.Work, directory.Root);
            MakeTemporaryDirectory(directory);
            PrepareMounts(spec, bundle.Owner);
            bundle.Write();
            var first = Launcher.Start(
                directory, program, _program.RunArguments(_runtimeState, directory), [.. cgroup.ProcessFiles], spec.OutputFile, KillTimeout, cancellationToken);
            await CheckLimitsAsync(spec, cgroup, first, cancellationToken);
            directory.WriteFirstProcess(first);
            return new ContainerHandle(spec.Name);
        }
        catch
        {
            // The first error is the one that counts, and removing must be complete even when the caller has canceled.
            await RemoveAsync(new ContainerHandle(spec.Name), CancellationToken.None);
            throw;
        }
    }

    private static void Check(ContainerSpec spec)
    {
        if (spec.Command is not [['/', ..], ..])
            throw new AhoyException(ErrorCode.InvalidRequest, $"Container {spec.Name} has no command that starts with an absolute path.");
        foreach (var mount in spec.Mounts)
        {
            if (!mount.Source.StartsWith('/') || !mount.Target.StartsWith('/') || mount.Target.Split('/').Contains(".."))
                throw new AhoyException(ErrorCode.InvalidRequest, $"Mount {mount.Source} on {mount.Target} of container {spec.Name}: both must be absolute paths, without \"..\".");
            if (!Path.Exists(mount.Source))
                throw new AhoyException(ErrorCode.RuntimeFailed, $"{mount.Source}, which container {spec.Name} is to see as {mount.Target}, is not on this host.");
        }
    }

    private void MakeDirectories(ContainerDirectory directory)
    {
        Directory.CreateDirectory(_runtimeState, Private);
        Directory.CreateDirectory(directory.Path, Private);
        // The upper directory's mode becomes that of the container's "/", whatever this daemon's umask.
        foreach (var path in new[] { directory.Upper, directory.Work, directory.Root })
        {
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, Traversable);
        }
    }

    /// <summary>Programs expect a /tmp for everyone. A link of that name in a hostile image must lead nowhere.</summary>
    private static void MakeTemporaryDirectory(ContainerDirectory directory)
    {
        var path = Path.Combine(directory.Root, "tmp");
        var present = new DirectoryInfo(path);
        if (present.LinkTarget is not null || File.Exists(path))
            return;
        if (!present.Exists)
            Directory.CreateDirectory(path);
        if (File.GetUnixFileMode(path) != Sticky)
            File.SetUnixFileMode(path, Sticky);
    }

    private static void PrepareMounts(ContainerSpec spec, uint owner)
    {
        foreach (var mount in spec.Mounts.Where(mount => mount.Owned))
        {
            if (LibC.ChangeOwner(mount.Source, owner, owner) < 0)
                throw new AhoyException(ErrorCode.RuntimeFailed, $"Giving {mount.Source} to the container's user failed: {LibC.LastError()}.");
        }
    }

    /// <summary>A limit that was asked for and does not hold is worse than none: nobody would watch.</summary>
    private static async Task CheckLimitsAsync(ContainerSpec spec, ContainerCgroup cgroup, ProcessIdentity first, CancellationToken cancellationToken)
    {
        if (Holds(cgroup, first))
            return;
        try
        {
            // A process that is just ending has left its cgroups a moment before it counts as ended.
            await ExitWatch.Shared.WhenEndedAsync(first).WaitAsync(EndingTimeout, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new AhoyException(ErrorCode.RuntimeFailed, $"Container {spec.Name} escaped its limits: its first process is not in {string.Join(", ", cgroup.Directories)}.", e);
        }
    }

    private static bool Holds(ContainerCgroup cgroup, ProcessIdentity first)
    {
        try
        {
            return cgroup.Holds(first.Id);
        }
        catch (IOException)
        {
            // It ended already, and needs no limit any more.
            return true;
        }
    }
}
