using System.Runtime.InteropServices;

namespace Ahoy.Wrapper.Native;

/// <summary>Space of a file system: taken beforehand, and whether any is left.</summary>
internal static class DiskSpace
{
    // Programs write pieces: the last one that did not fit leaves a remainder behind.
    private const long AsGoodAsNone = 1 << 20;

    /// <summary>
    /// Takes the space at once. A file system that cannot (EOPNOTSUPP) says so while the file is written.
    /// FileStream's own PreallocationSize does not tell a full disk from other faults.
    /// </summary>
    /// <exception cref="IOException">There is not that much; its HResult is the error number.</exception>
    public static void Reserve(FileStream file, long size)
    {
        if (size == 0 || Libc.Fallocate((int)file.SafeFileHandle.DangerousGetHandle(), 0, 0, size) == 0)
            return;
        var error = Marshal.GetLastPInvokeError();
        if (error is Libc.ENoSpc or Libc.EDQuot)
            throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
    }

    /// <summary>True when the file system that holds a folder has nothing left for this user.</summary>
    public static bool IsFull(string directory)
    {
        try
        {
            return new DriveInfo(directory).AvailableFreeSpace < AsGoodAsNone;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not known: then it is not said.
            return false;
        }
    }
}
