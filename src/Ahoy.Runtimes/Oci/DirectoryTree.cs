using System.Runtime.InteropServices;
using System.Text;
using Ahoy.Contracts;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Runtimes.Oci;

/// <summary>
/// Removes directories that containers have written to: nested deeper than any path can name, closed to their owner, with names that are not text.
/// Works by descriptors and holds two of them at a time: a subdirectory is first renamed into the root of the tree, then emptied there.
/// The rename also keeps it out of mounts that were left behind: the kernel does not move a mount point (rename(2), EBUSY).
/// </summary>
public static unsafe class DirectoryTree
{
    private const int BufferSize = 32 * 1024;
    private const uint OwnerMode = 0x1C0; // 0700

    // struct linux_dirent64, getdents64(2).
    private const int EntryLengthOffset = 16, EntryNameOffset = 19;

    /// <summary>Removes everything below and the directory itself. Missing = done. No link is followed.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.RuntimeFailed"/>.</exception>
    public static Task RemoveAsync(string directory) => Task.Run(() => Remove(directory));

    private static void Remove(string directory)
    {
        int root;
        fixed (byte* path = Terminated(directory))
        {
            const int currentDirectory = -100; // AT_FDCWD; the path is absolute or meant so
            root = OpenClosed(currentDirectory, path);
        }

        if (root < 0 && Marshal.GetLastPInvokeError() == LibC.Enoent)
            return;
        if (root < 0)
            throw Failed(directory, "opening it");
        try
        {
            new Walk(directory, root).Run();
        }
        finally
        {
            _ = LibC.Close(root);
        }

        if (LibC.RemoveDirectory(directory) < 0 && Marshal.GetLastPInvokeError() != LibC.Enoent)
            throw Failed(directory, "removing the empty directory");
    }

    /// <summary>Opens a directory for reading and makes it writable, also when its mode allows its owner nothing. -1 and errno when that fails.</summary>
    private static int OpenClosed(int parent, byte* name)
    {
        var flags = LibC.OpenDirectory | LibC.OpenNoFollow | LibC.OpenCloseOnExec;
        var descriptor = LibC.OpenAt(parent, name, flags, 0);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == LibC.Eacces)
        {
            MakeAccessible(parent, name);
            descriptor = LibC.OpenAt(parent, name, flags, 0);
        }

        // Where this fails, what follows fails and says so.
        if (descriptor >= 0)
            _ = LibC.ChangeMode(descriptor, OwnerMode);
        return descriptor;
    }

    private static void MakeAccessible(int parent, byte* name)
    {
        // O_PATH needs no permission on the directory itself, and fchmod(2) does not take such a descriptor: only its name in /proc.
        var handle = LibC.OpenAt(parent, name, LibC.OpenPath | LibC.OpenDirectory | LibC.OpenNoFollow | LibC.OpenCloseOnExec, 0);
        if (handle < 0)
            return;
        _ = LibC.ChangeMode($"/proc/self/fd/{handle}", OwnerMode);
        _ = LibC.Close(handle);
    }

    private static byte[] Terminated(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    private static AhoyException Failed(string directory, string what) =>
        new(ErrorCode.RuntimeFailed, $"Directory {directory} can't be removed: {what} failed: {LibC.LastError()}.");

    private sealed class Walk(string directory, int root)
    {
        private readonly byte[] _prefix = Encoding.ASCII.GetBytes($".removed-{Guid.NewGuid():N}-");
        private int _renamed;

        public void Run()
        {
            // Renamed directories come into the root while it is read: again until a pass finds nothing.
            while (ForEachEntry(root, RemoveRootEntry))
            {
            }
        }

        private void RemoveRootEntry(int _, byte* name)
        {
            if (TryRemove(root, name))
                return;
            var text = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
            if (text.StartsWith(_prefix))
            {
                EmptyAndRemove(name);
                return;
            }

            fixed (byte* moved = NextName())
            {
                MoveToRoot(root, name, moved);
                EmptyAndRemove(moved);
            }
        }

        private void EmptyAndRemove(byte* name)
        {
            var descriptor = OpenClosed(root, name);
            if (descriptor < 0)
                throw Failed(directory, $"opening {Shown(name)}");
            try
            {
                while (ForEachEntry(descriptor, RemoveOrMove))
                {
                }
            }
            finally
            {
                _ = LibC.Close(descriptor);
            }

            if (LibC.UnlinkAt(root, name, LibC.AtRemoveDirectory) < 0)
                throw Failed(directory, $"removing {Shown(name)}");
        }

        private void RemoveOrMove(int parent, byte* name)
        {
            if (TryRemove(parent, name))
                return;
            fixed (byte* moved = NextName())
                MoveToRoot(parent, name, moved);
        }

        /// <summary>False for a directory with something in it.</summary>
        private bool TryRemove(int parent, byte* name)
        {
            if (LibC.UnlinkAt(parent, name, 0) == 0)
                return true;
            var error = Marshal.GetLastPInvokeError();
            if (error == LibC.Enoent)
                return true;
            if (error != LibC.Eisdir)
                throw Failed(directory, $"removing {Shown(name)}");
            return LibC.UnlinkAt(parent, name, LibC.AtRemoveDirectory) == 0;
        }

        private void MoveToRoot(int parent, byte* name, byte* moved)
        {
            if (LibC.RenameAt(parent, name, root, moved) == 0)
                return;
            // A directory that changes its parent is written to itself: its "..".
            if (Marshal.GetLastPInvokeError() == LibC.Eacces)
                MakeAccessible(parent, name);
            if (LibC.RenameAt(parent, name, root, moved) < 0)
                throw Failed(directory, $"moving the directory {Shown(name)}");
        }

        private byte[] NextName() => [.. _prefix, .. Encoding.ASCII.GetBytes($"{_renamed++}"), 0];

        /// <summary>One pass over a directory; false when it was empty.</summary>
        private bool ForEachEntry(int descriptor, EntryAction action)
        {
            var any = false;
            var buffer = new byte[BufferSize];
            if (LibC.Seek(descriptor, 0, 0) < 0)
                throw Failed(directory, "reading");
            fixed (byte* start = buffer)
            {
                while (true)
                {
                    var length = LibC.ReadEntries(descriptor, start, BufferSize);
                    if (length < 0)
                        throw Failed(directory, "reading");
                    if (length == 0)
                        return any;
                    for (var at = 0; at < length; at += *(ushort*)(start + at + EntryLengthOffset))
                    {
                        var name = start + at + EntryNameOffset;
                        if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))
                            continue;
                        any = true;
                        action(descriptor, name);
                    }
                }
            }
        }

        private static string Shown(byte* name) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
    }

    private delegate void EntryAction(int parent, byte* name);
}
