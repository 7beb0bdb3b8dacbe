using System.Runtime.InteropServices;
using Ahoy.Contracts;

namespace Ahoy.Client.Transfers;

/// <summary>What changes when somebody writes to a file: statx(2)'s size, inode, modification and change time (nanoseconds since 1970).</summary>
internal readonly partial record struct FileStamp(long Size, ulong Inode, long ModifiedNanoseconds, long ChangedNanoseconds, bool Executable)
{
    // A write within the clock's granularity (up to 10 ms, 2 s on FAT) can leave the times as they were.
    private static readonly TimeSpan Unsafe = TimeSpan.FromSeconds(2);

    private const int CurrentDirectory = -100;
    private const uint BasicStats = 0x7ff;
    private const int OwnerExecutes = 0x40;
    private const int TypeMask = 0xf000;
    private const int RegularFile = 0x8000;

    /// <summary>True when the file was written so lately that a further write could go unnoticed.</summary>
    public bool IsFresh(DateTimeOffset now) => DateTimeOffset.UnixEpoch.AddTicks(Math.Max(ModifiedNanoseconds, ChangedNanoseconds) / 100) + Unsafe > now;

    /// <summary>Of the file itself, behind all symbolic links.</summary>
    /// <exception cref="AhoyException">
    /// <see cref="ErrorCode.NotFound"/>: there is no such file, or it can't be reached; <see cref="ErrorCode.InvalidRequest"/>: it is not a regular file.
    /// </exception>
    public static FileStamp Of(string path)
    {
        if (Statx(CurrentDirectory, path, 0, BasicStats, out var result) != 0)
            throw new AhoyException(ErrorCode.NotFound, $"{path} can't be read: {Marshal.GetLastPInvokeErrorMessage()}.");
        if ((result.Mode & TypeMask) != RegularFile)
            throw new AhoyException(ErrorCode.InvalidRequest, $"{path} is not a regular file. Only files and directories can travel.");
        return new FileStamp(
            checked((long)result.Size),
            result.Inode,
            Nanoseconds(result.ModifiedSeconds, result.ModifiedNanoseconds),
            Nanoseconds(result.ChangedSeconds, result.ChangedNanoseconds),
            (result.Mode & OwnerExecutes) != 0);
    }

    private static long Nanoseconds(long seconds, uint nanoseconds) => (seconds * 1_000_000_000) + nanoseconds;

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, out StatxResult result);

    /// <summary>struct statx of linux/stat.h; 256 bytes, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxResult
    {
        [FieldOffset(0x1c)] public ushort Mode;
        [FieldOffset(0x20)] public ulong Inode;
        [FieldOffset(0x28)] public ulong Size;
        [FieldOffset(0x60)] public long ChangedSeconds;
        [FieldOffset(0x68)] public uint ChangedNanoseconds;
        [FieldOffset(0x70)] public long ModifiedSeconds;
        [FieldOffset(0x78)] public uint ModifiedNanoseconds;
    }
}
