using System.Runtime.InteropServices;
using Ahoy.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Ahoy.Images.Layers;

/// <summary>The system calls that .NET does not offer: relative to a directory's descriptor and never following links. Names and flags as in the man pages, section 2.</summary>
internal static partial class Posix
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int CloseOnExec = 0x80000;
    public const int SymlinkNoFollow = 0x100;
    public const uint CharacterDevice = 0x2000;
    public const int ErrorExists = 17;
    public const int ErrorInvalid = 22;
    private const int ErrorNoSpace = 28;
    private const int ErrorQuota = 122;

    /// <summary>O_DIRECTORY: its value is one of the few that differ between processors (asm/fcntl.h).</summary>
    public static readonly int Directory = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;

    /// <summary>O_NOFOLLOW, likewise.</summary>
    public static readonly int NoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenAt(SafeFileHandle directory, string name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeDirectoryAt(SafeFileHandle directory, string name, uint mode);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SymlinkAt(string target, SafeFileHandle directory, string name);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkAt(SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to, int flags);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int UnlinkAt(SafeFileHandle directory, string name, int flags);

    [LibraryImport("libc", EntryPoint = "mknodat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeNodeAt(SafeFileHandle directory, string name, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeOwnerAt(SafeFileHandle directory, string name, uint user, uint group, int flags);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(SafeFileHandle file, uint mode);

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    public static partial int SetTimes(SafeFileHandle file, in FileTimes times);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetTimesAt(SafeFileHandle directory, string name, in FileTimes times, int flags);

    [LibraryImport("libc", EntryPoint = "fsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetAttribute(SafeFileHandle file, string name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint GetAttribute(string path, string name, Span<byte> value, nuint size);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Status(int directory, string path, int flags, uint mask, out FileStatus status);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SyncFileSystem(SafeFileHandle anyFile);

    /// <exception cref="AhoyException">The directory can't be opened.</exception>
    public static SafeFileHandle OpenDirectory(string path)
    {
        var descriptor = Open(path, ReadOnly | Directory | CloseOnExec);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw LastError("open directory", path, path);
    }

    /// <summary>Turns the last system call's error into one that people can act on.</summary>
    public static AhoyException LastError(string what, string path, string directory) =>
        Error(Marshal.GetLastPInvokeError(), what, path, directory);

    /// <summary>An I/O error of .NET, which carries the system's number, likewise.</summary>
    public static AhoyException Error(IOException e, string what, string path, string directory) =>
        IsNoSpace(e.HResult) ? Full(directory, e) : new AhoyException(ErrorCode.Internal, $"Could not {what} {path} in {directory}: {e.Message}", e);

    public static bool IsNoSpace(int error) => error is ErrorNoSpace or ErrorQuota;

    private static AhoyException Error(int error, string what, string path, string directory) =>
        IsNoSpace(error)
            ? Full(directory, null)
            : new AhoyException(ErrorCode.Internal, $"Could not {what} {path} in {directory}: {Marshal.GetPInvokeErrorMessage(error)}.");

    private static AhoyException Full(string directory, Exception? inner) =>
        new(ErrorCode.DiskFull, $"No space is left (or a quota is used up) on the disk of {directory}. Free some space there and try again.", inner, transient: true);

    /// <summary>Access and modification time (struct timespec[2]).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly struct FileTimes(long seconds, long nanoseconds)
    {
        public readonly long AccessSeconds = seconds;
        public readonly long AccessNanoseconds = nanoseconds;
        public readonly long ModificationSeconds = seconds;
        public readonly long ModificationNanoseconds = nanoseconds;
    }
}
