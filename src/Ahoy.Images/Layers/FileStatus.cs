using System.Runtime.InteropServices;
using Ahoy.Contracts;

namespace Ahoy.Images.Layers;

/// <summary>struct statx (man statx(2)): chosen over struct stat because its layout is the same on every processor.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal readonly struct FileStatus
{
    private const int CurrentDirectory = -100;
    private const uint BasicStatus = 0x7ff;

    [FieldOffset(0x10)] public readonly uint Links;
    [FieldOffset(0x14)] public readonly uint User;
    [FieldOffset(0x18)] public readonly uint Group;
    [FieldOffset(0x1c)] private readonly ushort _mode;
    [FieldOffset(0x20)] public readonly ulong Inode;
    [FieldOffset(0x28)] public readonly long Size;
    [FieldOffset(0x70)] public readonly long ModifiedSeconds;
    [FieldOffset(0x80)] private readonly uint _deviceMajor;
    [FieldOffset(0x84)] private readonly uint _deviceMinor;

    public uint Permissions => _mode & 0xfffu;

    public bool IsDirectory => Type == 0x4000;

    public bool IsFile => Type == 0x8000;

    public bool IsSymlink => Type == 0xa000;

    public bool IsSocketOrPipe => Type is 0xc000 or 0x1000;

    /// <summary>Overlayfs's mark of something deleted: a character device 0/0 (kernel documentation, filesystems/overlayfs, "whiteouts and opaque directories").</summary>
    public bool IsWhiteout => Type == 0x2000 && _deviceMajor == 0 && _deviceMinor == 0;

    private uint Type => _mode & 0xf000u;

    /// <summary>The status of a path; a symbolic link's own.</summary>
    public static FileStatus Of(string path) =>
        Posix.Status(CurrentDirectory, path, Posix.SymlinkNoFollow, BasicStatus, out var status) == 0
            ? status
            : throw Posix.LastError("read the status of", path, Path.GetDirectoryName(path) ?? "/");
}
