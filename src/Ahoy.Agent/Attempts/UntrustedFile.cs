using System.ComponentModel;
using System.Runtime.InteropServices;
using Ahoy.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Ahoy.Agent.Attempts;

/// <summary>Opens files in folders that a container can write: no link is followed, and nothing but a regular file is read.</summary>
internal static partial class UntrustedFile
{
    // open(2), x86-64 and arm64 differ in O_NOFOLLOW only.
    private const int NonBlock = 0x800;
    private const int CloseOnExec = 0x80000;
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    private const int NoEntry = 2;
    private const int Loop = 40;

    // statx(2): the one stat whose layout is the same on every architecture.
    private const int AtEmptyPath = 0x1000;
    private const uint StatxType = 0x1;
    private const int StatxSize = 256;
    private const int StatxModeOffset = 28;
    private const int FileTypeMask = 0xF000;
    private const int RegularFile = 0x8000;

    /// <summary>Null when there is no such file.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/> when it is not a regular file.</exception>
    public static SafeFileHandle? TryOpen(string path)
    {
        // Non-blocking, because opening a named pipe would otherwise wait for its writer.
        var descriptor = Open(path, NoFollow | NonBlock | CloseOnExec);
        if (descriptor < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error switch
            {
                NoEntry => null,
                Loop => throw NotRegular(path),
                _ => throw new IOException($"{path} could not be opened: {new Win32Exception(error).Message}."),
            };
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            if ((Mode(descriptor) & FileTypeMask) != RegularFile)
                throw NotRegular(path);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The whole file; null when there is none.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/> when it is not a regular file or larger than <paramref name="limit"/> bytes.</exception>
    public static byte[]? TryRead(string path, long limit)
    {
        using var handle = TryOpen(path);
        if (handle is null)
            return null;
        var length = RandomAccess.GetLength(handle);
        if (length > limit)
            throw new AhoyException(ErrorCode.InvalidRequest, $"{Path.GetFileName(path)} has {length} bytes; at most {limit} are read.");
        var bytes = new byte[length];
        var read = RandomAccess.Read(handle, bytes, 0);
        return read == length ? bytes : bytes[..read];
    }

    private static int Mode(int descriptor)
    {
        Span<byte> buffer = stackalloc byte[StatxSize];
        if (Statx(descriptor, "", AtEmptyPath, StatxType, buffer) != 0)
            throw new IOException($"statx failed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");
        return MemoryMarshal.Read<ushort>(buffer[StatxModeOffset..]);
    }

    private static AhoyException NotRegular(string path) =>
        new(ErrorCode.InvalidRequest, $"{Path.GetFileName(path)} in the container's out folder is not a regular file.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, Span<byte> result);
}
