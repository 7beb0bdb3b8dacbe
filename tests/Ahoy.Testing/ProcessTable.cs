using System.Diagnostics;
using System.Text;

namespace Ahoy.Testing;

/// <summary>The processes of this computer as /proc shows them (man 5 proc).</summary>
public static class ProcessTable
{
    /// <summary>
    /// The processes that belong to the directory: started from an executable in it, with an environment that names it, or in a container
    /// whose root or bind mounts come from it. Strict, because what is found may get killed: a stranger who only mentions the
    /// directory on the command line, or sees it mounted at its own place, is not among them.
    /// </summary>
    public static IReadOnlyList<RunningProcess> Of(string directory) =>
        [.. from process in Directory.EnumerateDirectories("/proc")
            let id = int.TryParse(Path.GetFileName(process), out var number) ? number : 0
            where id != 0 && id != Environment.ProcessId && !IsZombie(process)
            let commandLine = Read(process, "cmdline")
            where commandLine.StartsWith(directory + "/", StringComparison.Ordinal)
                || Read(process, "environ").Contains($"={directory}/", StringComparison.Ordinal)
                || Read(process, "mountinfo").Split('\n').Any(mount => ComesFrom(mount, directory))
            select new RunningProcess(id, commandLine.Replace('\0', ' '))];

    /// <summary>Kills what <see cref="Of"/> finds, so that a failed test does not spoil the next one.</summary>
    public static void Kill(string directory)
    {
        foreach (var found in Of(directory))
        {
            try
            {
                using var process = Process.GetProcessById(found.Id);
                process.Kill();
                process.WaitForExit(TimeSpan.FromSeconds(10));
            }
            catch (ArgumentException)
            {
                // It ended between the two looks.
            }
        }
    }

    /// <summary>
    /// True for a mount from below the directory at a place outside of it: a container's. The daemons' own mount namespaces, and every other
    /// one on this computer, show mounts below the directory at their own place. Man 5 proc: field 4 is the root, 5 the mount point.
    /// </summary>
    private static bool ComesFrom(string mount, string directory)
    {
        var fields = mount.Split(' ');
        return fields.Length > 5
            && !fields[4].StartsWith(directory, StringComparison.Ordinal)
            && (fields[3].StartsWith(directory + "/", StringComparison.Ordinal) || fields[^1].Contains($"={directory}/", StringComparison.Ordinal));
    }

    /// <summary>A zombie has no memory, mounts or files any more; only its parent's wait is missing.</summary>
    private static bool IsZombie(string directory) => Read(directory, "stat") is var stat && (stat.Length == 0 || stat[(stat.LastIndexOf(')') + 1)..].TrimStart().StartsWith('Z'));

    private static string Read(string directory, string file)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(directory, file)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Ended meanwhile, or another user's process.
            return "";
        }
    }
}
