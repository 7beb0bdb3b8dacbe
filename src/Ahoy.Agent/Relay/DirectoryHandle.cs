using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ahoy.Agent.Relay;

/// <summary>A descriptor of a folder, which .NET does not open.</summary>
internal static partial class DirectoryHandle
{
    // open(2): O_PATH | O_CLOEXEC, the same on x86-64 and arm64.
    private const int PathOnly = 0x200000;
    private const int CloseOnExec = 0x80000;

    public static SafeFileHandle Open(string directory)
    {
        var descriptor = OpenPath(directory, PathOnly | CloseOnExec);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException($"Folder {directory} could not be opened: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenPath(string path, int flags);
}
