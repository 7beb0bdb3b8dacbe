using System.Diagnostics;
using System.Text;

namespace Ahoy.Testing;

/// <summary>The processes of this computer as /proc shows them (man 5 proc).</summary>
public static class ProcessTable
{
    /// <summary>
    /// All processes whose command line, environment or mount table names the path. The mount table finds programs inside containers,
    /// which know nothing of the host's paths themselves.
    /// </summary>
    public static IReadOnlyList<RunningProcess> Mentioning(string path) =>
        [.. from directory in Directory.EnumerateDirectories("/proc")
            let id = int.TryParse(Path.GetFileName(directory), out var number) ? number : 0
            where id != 0 && id != Environment.ProcessId && !IsZombie(directory)
            where new[] { "cmdline", "environ" }.Any(file => Read(directory, file).Contains(path, StringComparison.Ordinal))
                || (!SharesOurMounts(directory) && Read(directory, "mountinfo").Contains(path, StringComparison.Ordinal))
            select new RunningProcess(id, Read(directory, "cmdline").Replace('\0', ' '))];

    /// <summary>Kills what <see cref="Mentioning"/> finds, so that a failed test does not spoil the next one.</summary>
    public static void KillMentioning(string path)
    {
        foreach (var found in Mentioning(path))
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

    /// <summary>True also when the process may not be looked at: then it is not ours.</summary>
    private static bool SharesOurMounts(string directory)
    {
        try
        {
            return File.ResolveLinkTarget(Path.Combine(directory, "ns", "mnt"), false)?.Name == File.ResolveLinkTarget("/proc/self/ns/mnt", false)?.Name;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
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
