using System.Globalization;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Runtimes.Linux;
using Ahoy.Runtimes.Namespaces;

namespace Ahoy.Runtimes.Oci;

/// <summary>Writes the bundle of a container: config.json and the files that are mounted into its /etc.</summary>
internal sealed class ContainerBundle(ContainerDirectory directory, ContainerSpec spec, RuntimeProgram program, IdRange ids)
{
    /// <summary>Of the ordinary user in a container.</summary>
    public const uint User = 1000;
    private const ulong MostOpenFiles = 1048576, UsualOpenFiles = 65536;

    // Docker's defaults, less NET_RAW and SYS_CHROOT's company that package scripts never use: moby, oci/caps/defaults.go.
    private static readonly string[] RootCapabilities =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
        "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ];

    private static readonly string[] MaskedPaths =
    [
        "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/interrupts", "/sys/firmware", "/sys/devices/virtual/powercap",
    ];

    private static readonly string[] ReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    /// <summary>True when the container has a user namespace of its own, in which its user 1000 is the only id that there is.</summary>
    private bool OwnUserNamespace => ids == IdRange.Single && !spec.Root && program.MapsAnyUser;

    /// <summary>The id that the container's processes have, as this process sees it.</summary>
    public uint Owner => spec.Root || ids == IdRange.Single ? 0 : User;

    /// <summary>What is mounted over the container's own files, whatever the image holds there.</summary>
    public IReadOnlyList<string> MountTargets =>
        ["/proc", "/sys", "/dev", "/etc/resolv.conf", "/etc/hosts", .. spec.Mounts.Select(mount => mount.Target)];

    public void Write()
    {
        WriteNetworkFiles();
        var json = JsonSerializer.SerializeToUtf8Bytes(Describe(), RuntimeJson.Default.RuntimeSpec);
        File.WriteAllBytes(directory.In("config.json"), json);
    }

    internal RuntimeSpec Describe() => new()
    {
        Process = new RuntimeSpec.ProcessSection
        {
            User = spec.Root || (ids == IdRange.Single && !OwnUserNamespace) ? new(0, 0) : new(User, User),
            Args = spec.Command,
            Env = [.. spec.Environment.Select(variable => $"{variable.Key}={variable.Value}")],
            Cwd = spec.WorkingDirectory,
            Capabilities = Capabilities(spec.Root ? RootCapabilities : []),
            Rlimits = [new("RLIMIT_CORE", 0, 0), OpenFiles()],
            OomScoreAdj = OomScore(),
        },
        Root = new(directory.Root, Readonly: false),
        Hostname = spec.Name.Replace('.', '-'),
        Mounts = [.. SystemMounts(), .. NetworkMounts(), .. spec.Mounts.Select(HostMount)],
        Linux = new RuntimeSpec.LinuxSection
        {
            Namespaces = [.. Namespaces().Select(type => new RuntimeSpec.Namespace(type))],
            UidMappings = OwnUserNamespace ? [new(User, 0, 1)] : null,
            GidMappings = OwnUserNamespace ? [new(User, 0, 1)] : null,
            Seccomp = SeccompProfile.For(spec.Root),
            MaskedPaths = MaskedPaths,
            ReadonlyPaths = ReadonlyPaths,
        },
    };

    private IEnumerable<string> Namespaces()
    {
        string[] always = ["pid", "mount", "ipc", "uts", "cgroup"];
        return always
            .Concat(spec.Network == ContainerNetwork.None ? ["network"] : [])
            .Concat(OwnUserNamespace ? ["user"] : []);
    }

    private IEnumerable<RuntimeSpec.Mount> SystemMounts()
    {
        var shared = (spec.SharedMemoryBytes ?? spec.MemoryBytes) is { } memory ? $"size={memory.ToString(CultureInfo.InvariantCulture)}" : "size=50%";
        yield return new("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]);
        yield return new("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]);
        yield return new("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]);
        yield return new("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", shared]);
        yield return new("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]);
        // Only the owner of a network namespace may mount the /sys that shows it.
        yield return spec.Network == ContainerNetwork.None || ids == IdRange.All
            ? new("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"])
            : new("/sys", "none", "/sys", ["rbind", "rprivate", "nosuid", "noexec", "nodev", program.RecursiveReadOnly]);
    }

    private IEnumerable<RuntimeSpec.Mount> NetworkMounts() =>
        new[] { "resolv.conf", "hosts" }
            .Select(name => new RuntimeSpec.Mount($"/etc/{name}", "bind", directory.In(name), ["bind", "rprivate", "nosuid", "nodev", "noexec", "ro"]));

    private RuntimeSpec.Mount HostMount(ContainerMount mount)
    {
        // A plain "ro" leaves mounts below the source writable.
        var access = !mount.ReadOnly ? "rw" : HasMountsBelow(mount.Source) ? program.RecursiveReadOnly : "ro";
        return new(mount.Target, "bind", mount.Source, ["rbind", "rprivate", "nosuid", "nodev", access]);
    }

    private static bool HasMountsBelow(string source)
    {
        var prefix = source.TrimEnd('/') + "/";
        return MountTable.Read().Any(mount => mount.Target.StartsWith(prefix, StringComparison.Ordinal));
    }

    private void WriteNetworkFiles()
    {
        var host = spec.Network == ContainerNetwork.Host;
        File.WriteAllText(directory.In("resolv.conf"), host && File.Exists("/etc/resolv.conf") ? File.ReadAllText("/etc/resolv.conf") : "");
        var hosts = host && File.Exists("/etc/hosts") ? File.ReadAllText("/etc/hosts").TrimEnd('\n') : "127.0.0.1 localhost\n::1 localhost";
        File.WriteAllText(directory.In("hosts"), $"{hosts}\n127.0.1.1 {spec.Name.Replace('.', '-')}\n");
        foreach (var name in new[] { "resolv.conf", "hosts" })
            File.SetUnixFileMode(directory.In(name), (UnixFileMode)0x1A4 /* 0644 */);
    }

    private static RuntimeSpec.CapabilitySets Capabilities(string[] names) => new(names, names, names, [], []);

    // .NET raises this process's soft limit to the hard one; programs that use select(2) and Java suffer from a huge one.
    private static RuntimeSpec.ResourceLimit OpenFiles()
    {
        if (LibC.GetLimit(LibC.ResourceOpenFiles, out var limit) < 0)
            throw new AhoyException(ErrorCode.RuntimeFailed, $"Reading the limit of open files failed: {LibC.LastError()}.");
        return new("RLIMIT_NOFILE", Math.Min(limit.Hard, UsualOpenFiles), Math.Min(limit.Hard, MostOpenFiles));
    }

    /// <summary>Above this process's own: under memory pressure the kernel takes the job, not the runtime program beside it or the daemon.</summary>
    private static int OomScore() =>
        Math.Min(1000, int.Parse(File.ReadAllText("/proc/self/oom_score_adj"), CultureInfo.InvariantCulture) + 500);
}
