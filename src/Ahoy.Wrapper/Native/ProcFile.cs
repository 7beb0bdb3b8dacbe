using System.Text;

namespace Ahoy.Wrapper.Native;

/// <summary>Short files of /proc, read without exceptions: that a process is gone is an ordinary answer here.</summary>
internal static unsafe class ProcFile
{
    /// <summary>Reads the beginning of a file. The number of bytes, or -1 when it is not there or may not be read.</summary>
    public static int Read(string path, Span<byte> buffer)
    {
        var descriptor = Libc.Open(path, Libc.OReadOnly | Libc.OCloseOnExec, 0);
        if (descriptor < 0)
            return -1;
        fixed (byte* start = buffer)
        {
            var length = Libc.Read(descriptor, start, buffer.Length);
            _ = Libc.Close(descriptor);
            return (int)length;
        }
    }

    public static bool TryWrite(int descriptor, int number)
    {
        var bytes = Encoding.ASCII.GetBytes(number.ToString());
        fixed (byte* start = bytes)
        {
            return Libc.Write(descriptor, start, bytes.Length) == bytes.Length;
        }
    }

    /// <summary>The ids of all processes that this /proc shows.</summary>
    public static IEnumerable<int> ProcessIds()
    {
        if (!Directory.Exists("/proc"))
            yield break;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), out var pid))
                yield return pid;
        }
    }
}
