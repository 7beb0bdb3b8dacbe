using System.Globalization;
using System.Runtime.InteropServices;
using Ahoy.Contracts;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Runtimes.Cgroups;

/// <summary>The cgroups of one container: one directory per hierarchy in which this process can limit anything.</summary>
internal sealed class ContainerCgroup(IReadOnlyList<string> directories)
{
    private const int CpuPeriodMicroseconds = 100_000;
    // The launcher and the runtime program are in the container's cgroup.
    private const int ProcessesOfOurs = 16;
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(10);

    public IReadOnlyList<string> Directories { get; } = directories;

    /// <summary>Where a process writes its id to enter.</summary>
    public IEnumerable<string> ProcessFiles => Directories.Select(directory => Path.Combine(directory, "cgroup.procs"));

    /// <summary>The directories that <see cref="Create"/> makes.</summary>
    public static IReadOnlyList<string> DirectoriesFor(CgroupHost host, string group, string name) =>
        [.. host.Places.Select(place => Path.Combine(place.Directory, group, name))];

    /// <summary>Makes the cgroups and sets their limits.</summary>
    /// <param name="host">What can be limited here.</param>
    /// <param name="group">One directory for all containers of a state directory, so that several daemons don't collide.</param>
    /// <param name="spec">Name and limits.</param>
    /// <exception cref="AhoyException"><see cref="ErrorCode.RuntimeFailed"/>: a limit can't be set.</exception>
    public static ContainerCgroup Create(CgroupHost host, string group, ContainerSpec spec)
    {
        var cgroup = new ContainerCgroup(DirectoriesFor(host, group, spec.Name));
        foreach (var (place, directory) in host.Places.Zip(cgroup.Directories))
        {
            var parent = Path.Combine(place.Directory, group);
            Make(parent);
            if (place.Unified)
                Write(parent, "cgroup.subtree_control", string.Join(' ', place.Controllers.Select(controller => $"+{controller}")));
            else if (File.Exists(Path.Combine(parent, "memory.use_hierarchy")) && File.ReadAllText(Path.Combine(parent, "memory.use_hierarchy")).Trim() == "0")
                Write(parent, "memory.use_hierarchy", "1");
            Make(directory);
            if (place.Unified)
                SetUnifiedLimits(directory, place.Controllers, spec);
            else
                SetLegacyLimits(directory, place.Controllers, spec);
        }

        return cgroup;
    }

    /// <summary>True when that process is held by every one of these cgroups (or by one below).</summary>
    public bool Holds(int process)
    {
        var paths = File.ReadAllLines($"/proc/{process}/cgroup").Select(line => line.Split(':', 3)[2]).ToList();
        // A directory ends with the path within its hierarchy, which starts after the mount point.
        return Directories.All(directory => paths.Exists(path => IsWithin(path, directory)));
    }

    public CgroupUse Use() => new(
        Directories.SelectMany(WithChild).Sum(directory => Counter(directory, "memory.oom_control", "oom_kill") + Counter(directory, "memory.events", "oom_kill")) > 0,
        Directories.Select(directory => Number(directory, "memory.max_usage_in_bytes") ?? Number(directory, "memory.peak")).FirstOrDefault(peak => peak is not null));

    /// <summary>Kills whatever is left inside and removes the cgroups. Missing = done.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var directory in Directories.Where(Directory.Exists))
        {
            foreach (var child in Directory.GetDirectories(directory, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length).Append(directory))
                await RemoveAsync(child, cancellationToken);
            // The last container takes the common parent along; with others in it this fails, as it should.
            _ = LibC.RemoveDirectory(Path.GetDirectoryName(directory)!);
        }
    }

    private static async Task RemoveAsync(string directory, CancellationToken cancellationToken)
    {
        while (LibC.RemoveDirectory(directory) < 0 && Marshal.GetLastPInvokeError() != LibC.Enoent)
        {
            var error = LibC.LastError();
            var left = File.ReadAllLines(Path.Combine(directory, "cgroup.procs"))
                .Select(line => ProcessIdentity.Find(int.Parse(line, CultureInfo.InvariantCulture)))
                .OfType<ProcessIdentity>()
                .ToList();
            if (left.Count == 0 && LibC.RemoveDirectory(directory) < 0 && Marshal.GetLastPInvokeError() != LibC.Enoent)
                throw new AhoyException(ErrorCode.RuntimeFailed, $"Cgroup {directory} can't be removed although no process is in it: {error}.", transient: true);
            foreach (var process in left)
                process.Signal(LibC.SigKill);
            await Task.WhenAll(left.Select(ExitWatch.Shared.WhenEndedAsync)).WaitAsync(EndTimeout, cancellationToken);
        }
    }

    private static void SetLegacyLimits(string directory, IReadOnlyList<string> controllers, ContainerSpec spec)
    {
        if (controllers.Contains("memory") && spec.MemoryBytes is { } memory)
        {
            Write(directory, "memory.limit_in_bytes", Text(memory));
            // Memory and swap together; missing where the kernel does not account swap.
            if (File.Exists(Path.Combine(directory, "memory.memsw.limit_in_bytes")))
                Write(directory, "memory.memsw.limit_in_bytes", Text(memory));
        }

        if (controllers.Contains("cpu") && spec.Cpus is { } cpus)
        {
            Write(directory, "cpu.cfs_period_us", Text(CpuPeriodMicroseconds));
            Write(directory, "cpu.cfs_quota_us", Text((long)cpus * CpuPeriodMicroseconds));
        }

        if (controllers.Contains("pids"))
            Write(directory, "pids.max", Text(spec.PidsLimit + ProcessesOfOurs));
    }

    private static void SetUnifiedLimits(string directory, IReadOnlyList<string> controllers, ContainerSpec spec)
    {
        if (controllers.Contains("memory") && spec.MemoryBytes is { } memory)
        {
            Write(directory, "memory.max", Text(memory));
            if (File.Exists(Path.Combine(directory, "memory.swap.max")))
                Write(directory, "memory.swap.max", "0");
        }

        if (controllers.Contains("cpu") && spec.Cpus is { } cpus)
            Write(directory, "cpu.max", $"{Text((long)cpus * CpuPeriodMicroseconds)} {Text(CpuPeriodMicroseconds)}");
        if (controllers.Contains("pids"))
            Write(directory, "pids.max", Text(spec.PidsLimit + ProcessesOfOurs));
    }

    private static void Make(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AhoyException(ErrorCode.RuntimeFailed, $"Cgroup {directory} can't be made: {e.Message}", e);
        }
    }

    private static void Write(string directory, string file, string value)
    {
        try
        {
            File.WriteAllText(Path.Combine(directory, file), value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AhoyException(ErrorCode.RuntimeFailed, $"The container's limit {file}={value} can't be set in cgroup {directory}: {e.Message}", e);
        }
    }

    private static bool IsWithin(string path, string directory)
    {
        // "…/ahoy-1234/job-5" is unique: comparing the last two segments is comparing the paths.
        var tail = $"/{Path.GetFileName(Path.GetDirectoryName(directory))}/{Path.GetFileName(directory)}";
        return path.EndsWith(tail, StringComparison.Ordinal) || path.Contains(tail + "/", StringComparison.Ordinal);
    }

    // runc makes a cgroup below ours; kernels count kills where the victim was.
    private static IEnumerable<string> WithChild(string directory) =>
        Directory.Exists(directory) ? [directory, .. Directory.EnumerateDirectories(directory)] : [];

    private static long Counter(string directory, string file, string key)
    {
        var path = Path.Combine(directory, file);
        if (!File.Exists(path))
            return 0;
        var line = File.ReadAllLines(path).FirstOrDefault(line => line.StartsWith(key + " ", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[(key.Length + 1)..], CultureInfo.InvariantCulture);
    }

    private static long? Number(string directory, string file) =>
        File.Exists(Path.Combine(directory, file)) ? long.Parse(File.ReadAllText(Path.Combine(directory, file)), CultureInfo.InvariantCulture) : null;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
