using System.Runtime.InteropServices;

namespace Ahoy.Wrapper.Native;

/// <summary>The part of struct statx (statx(2)) that is asked for here.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatX
{
    public const int CurrentDirectory = -100;
    public const int NoFollow = 0x100;
    /// <summary>Type, mode, inode, size and blocks.</summary>
    public const uint Mask = 0x1 | 0x2 | 0x100 | 0x200 | 0x400;

    private const int TypeMask = 0xF000;

    [FieldOffset(28)] public ushort Mode;
    [FieldOffset(32)] public ulong Inode;
    [FieldOffset(40)] public ulong Size;
    /// <summary>Of 512 bytes each.</summary>
    [FieldOffset(48)] public ulong Blocks;

    public readonly bool IsRegular => (Mode & TypeMask) == 0x8000;
    public readonly bool IsDirectory => (Mode & TypeMask) == 0x4000;
    public readonly bool IsSymbolicLink => (Mode & TypeMask) == 0xA000;
    public readonly bool IsExecutable => (Mode & 0x49) != 0;

    /// <summary>The type in words, for messages.</summary>
    public readonly string Kind => (Mode & TypeMask) switch
    {
        0x8000 => "file",
        0x4000 => "directory",
        0xA000 => "symbolic link",
        0x1000 => "named pipe",
        0x2000 => "character device",
        0x6000 => "block device",
        0xC000 => "socket",
        _ => "special file",
    };

    /// <summary>Looks at a path; false when there is nothing, or nothing that may be looked at.</summary>
    public static bool TryRead(string path, bool follow, out StatX result) =>
        Libc.StatX(CurrentDirectory, path, follow ? 0 : NoFollow, Mask, out result) == 0;
}
