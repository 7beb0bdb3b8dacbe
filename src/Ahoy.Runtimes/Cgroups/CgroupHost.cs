using System.Globalization;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Runtimes.Cgroups;

/// <summary>
/// Finds where this process may limit others: cgroups(7), and the kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
/// That is its own cgroup of each hierarchy, when root or the administrator made it writable ("delegated").
/// </summary>
internal sealed class CgroupHost
{
    /// <summary>Cgroup v2 allows no processes beside cgroups with controllers: the daemon moves itself into this one.</summary>
    private const string OwnLeaf = "ahoy-daemon";

    private const string Recipe =
        "An administrator can delegate cgroups: with systemd, run the daemon in a unit with Delegate=yes (cgroup v2); with cgroup v1, make a directory \"ahoy\" " +
        "in the memory, cpu and pids hierarchies, give it to the user (chown -R), and move the daemon's process into it before it starts (echo PID > …/ahoy/cgroup.procs).";

    private static readonly string[] Wanted = ["memory", "cpu", "pids"];

    private CgroupHost(IReadOnlyList<CgroupPlace> places, string? reason)
    {
        Places = places;
        Reason = reason;
    }

    public IReadOnlyList<CgroupPlace> Places { get; }
    /// <summary>What can't be limited, why, and what an administrator can do; null when all can.</summary>
    public string? Reason { get; }

    public bool Limits(string controller) => Places.Any(place => place.Controllers.Contains(controller));

    /// <summary>Looks at the host. On cgroup v2 it also moves this process into a leaf of its own and switches the controllers on.</summary>
    public static CgroupHost Detect()
    {
        var own = ParseOwn(File.ReadAllText("/proc/self/cgroup"));
        var mounts = MountTable.Read();
        var places = new Dictionary<string, CgroupPlace>();
        var reasons = new List<string>();
        foreach (var controller in Wanted)
        {
            if (FindLegacy(controller, own, mounts) is { } directory)
            {
                if (IsWritable(directory))
                    Add(places, directory, unified: false, controller);
                else
                    reasons.Add($"{controller}: cgroup {directory} is not writable for this user");
            }
            else if (FindUnified(own, mounts) is { } unified)
            {
                if (Enable(unified, controller) is { } reason)
                    reasons.Add($"{controller}: {reason}");
                else
                    Add(places, unified, unified: true, controller);
            }
            else
            {
                reasons.Add($"{controller}: no cgroup hierarchy with it is mounted");
            }
        }

        return new CgroupHost([.. places.Values], reasons.Count == 0 ? null : $"Not limited by the kernel: {string.Join("; ", reasons)}. {Recipe}");
    }

    /// <summary>
    /// Says that a process will enter a cgroup within milliseconds. The kernel's first move waits up to 10 ms for all CPUs (an RCU
    /// grace period: cgroup_attach_lock in kernel/cgroup/cgroup.c), further ones soon after do not: this one moves nothing, and
    /// waits while the container is being prepared.
    /// </summary>
    public void ExpectMove()
    {
        if (Places is not [var place, ..])
            return;
        var own = Path.Combine(place.Directory, place.Unified ? OwnLeaf : "", "cgroup.procs");
        _ = Task.Run(() =>
        {
            try
            {
                File.WriteAllText(own, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Then the real move waits itself, and tells what is wrong.
            }
        });
    }

    /// <summary>Controller → path, from /proc/PID/cgroup; "" is cgroup v2.</summary>
    internal static IReadOnlyDictionary<string, string> ParseOwn(string text)
    {
        var own = new Dictionary<string, string>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(':', 3);
            foreach (var controller in fields[1].Split(','))
                own[controller] = fields[2];
        }

        return own;
    }

    private static void Add(Dictionary<string, CgroupPlace> places, string directory, bool unified, string controller) =>
        places[directory] = new CgroupPlace(directory, unified, [.. places.GetValueOrDefault(directory)?.Controllers ?? [], controller]);

    private static string? FindLegacy(string controller, IReadOnlyDictionary<string, string> own, IReadOnlyList<MountEntry> mounts) =>
        own.TryGetValue(controller, out var path) && mounts.LastOrDefault(mount => mount.Type == "cgroup" && mount.Options.Contains(controller)) is { } mount
            ? Locate(mount, path)
            : null;

    private static string? FindUnified(IReadOnlyDictionary<string, string> own, IReadOnlyList<MountEntry> mounts)
    {
        if (!own.TryGetValue("", out var path) || mounts.LastOrDefault(mount => mount.Type == "cgroup2") is not { } mount)
            return null;
        // A later mount over the same place hides it.
        if (mounts.Last(other => other.Target == mount.Target) != mount)
            return null;
        var directory = Locate(mount, path);
        return directory is not null && Path.GetFileName(directory) == OwnLeaf ? Path.GetDirectoryName(directory) : directory;
    }

    // In a container the hierarchy may be mounted from some way down.
    private static string? Locate(MountEntry mount, string path)
    {
        if (mount.Root != "/")
        {
            if (path != mount.Root && !path.StartsWith(mount.Root + "/", StringComparison.Ordinal))
                return null;
            path = path[mount.Root.Length..];
        }

        return path is "" or "/" ? mount.Target : mount.Target + path;
    }

    private static bool IsWritable(string directory) =>
        LibC.Access(directory, LibC.WriteAccess) == 0 && LibC.Access(Path.Combine(directory, "cgroup.procs"), LibC.WriteAccess) == 0;

    /// <summary>Null when the controller works in cgroups below <paramref name="directory"/>, else why not.</summary>
    private static string? Enable(string directory, string controller)
    {
        if (!File.ReadAllText(Path.Combine(directory, "cgroup.controllers")).Split(' ', '\n').Contains(controller))
            return $"cgroup {directory} has no such controller";
        var control = Path.Combine(directory, "cgroup.subtree_control");
        if (File.ReadAllText(control).Split(' ', '\n').Contains(controller) && IsWritable(directory))
            return null;
        if (!IsWritable(directory))
            return $"cgroup {directory} is not writable for this user";
        try
        {
            var leaf = Path.Combine(directory, OwnLeaf);
            Directory.CreateDirectory(leaf);
            File.WriteAllText(Path.Combine(leaf, "cgroup.procs"), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            File.WriteAllText(control, $"+{controller}");
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cgroup {directory} can't be divided: {e.Message} (other processes in it?)";
        }
    }
}
