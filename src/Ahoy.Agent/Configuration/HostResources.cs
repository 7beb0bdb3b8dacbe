using System.Globalization;

namespace Ahoy.Agent.Configuration;

/// <summary>How much memory this process may use at most: the host's, or what a cgroup above it leaves (a batch system's, say).</summary>
internal static class HostResources
{
    /// <summary>Bytes.</summary>
    public static long Memory() => Memory(File.ReadAllText("/proc/meminfo"), File.ReadAllText("/proc/self/cgroup"), ReadIfThere);

    internal static long Memory(string meminfo, string cgroups, Func<string, string?> read)
    {
        var memory = HostMemory(meminfo);
        foreach (var line in cgroups.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // cgroups(7), /proc/pid/cgroup: "hierarchy:controllers:path"; hierarchy 0 is version 2.
            if (line.Split(':', 3) is not [var hierarchy, var controllers, var path])
                continue;
            if (hierarchy == "0")
                memory = Math.Min(memory, Limit("/sys/fs/cgroup", path, "memory.max", read));
            else if (controllers.Split(',').Contains("memory"))
                memory = Math.Min(memory, Limit("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", read));
        }

        return memory;
    }

    private static long HostMemory(string meminfo)
    {
        // proc(5): "MemTotal:       16318236 kB"
        var line = meminfo.Split('\n').First(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>The lowest limit on the way from the cgroup to the root.</summary>
    private static long Limit(string root, string path, string file, Func<string, string?> read)
    {
        var lowest = long.MaxValue;
        for (var at = path.TrimEnd('/'); ; at = at[..at.LastIndexOf('/')])
        {
            // "max" stands for no limit in version 2, a number near 2^63 in version 1.
            if (long.TryParse(read($"{root}{at}/{file}")?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var limit))
                lowest = Math.Min(lowest, limit);
            if (at.Length == 0)
                return lowest;
        }
    }

    private static string? ReadIfThere(string path) => File.Exists(path) ? File.ReadAllText(path) : null;
}
