using System.Globalization;

namespace Ahoy.Wrapper.Programs;

/// <summary>Memory of the container that is there whether or not a process has it mapped.</summary>
internal static class SharedMemory
{
    private const string Directory = "/dev/shm";
    private const string Segments = "/proc/sysvipc/shm";

    /// <summary>Bytes of files in /dev/shm and of System V segments; what is not there or can't be read counts as 0.</summary>
    public static long UsedBytes()
    {
        try
        {
            var files = new DriveInfo(Directory);
            var used = files.DriveFormat == "tmpfs" ? files.TotalSize - files.TotalFreeSpace : 0;
            return used + (File.Exists(Segments) ? SegmentBytes(File.ReadLines(Segments)) : 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An image without /dev/shm, or a kernel without System V memory.
            return 0;
        }
    }

    /// <summary>The sum of the column "rss" (proc(5), /proc/sysvipc/shm), in bytes.</summary>
    internal static long SegmentBytes(IEnumerable<string> lines)
    {
        var column = -1;
        var sum = 0L;
        foreach (var fields in lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (column < 0)
                column = Array.IndexOf(fields, "rss");
            else if (column < fields.Length && long.TryParse(fields[column], CultureInfo.InvariantCulture, out var bytes))
                sum += bytes;
            if (column < 0)
                return 0;
        }

        return sum;
    }

    /// <summary>What of it is already in the process's proportional set (proc(5), /proc/PID/smaps), so that it does not count twice.</summary>
    public static long MappedBytes(int pid)
    {
        try
        {
            return MappedBytes(File.ReadLines($"/proc/{pid}/smaps"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process is gone, or hides itself: then all of the memory counts once more.
            return 0;
        }
    }

    internal static long MappedBytes(IEnumerable<string> lines)
    {
        var shared = false;
        var sum = 0L;
        foreach (var line in lines)
        {
            // The line that begins a mapping: address, mode, offset, device, inode, path.
            if (!line.Contains(':', StringComparison.Ordinal) || line.IndexOf(' ', StringComparison.Ordinal) < line.IndexOf(':', StringComparison.Ordinal))
                shared = line.Contains($" {Directory}/", StringComparison.Ordinal) || line.Contains(" /SYSV", StringComparison.Ordinal) || line.Contains($" {MemoryFiles.Mark}", StringComparison.Ordinal);
            else if (shared && line.StartsWith("Pss:", StringComparison.Ordinal)
                && long.TryParse(line["Pss:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out var kibibytes))
                sum += kibibytes * 1024;
        }

        return sum;
    }
}
