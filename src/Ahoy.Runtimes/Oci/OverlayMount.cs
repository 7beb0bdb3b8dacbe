using System.Runtime.InteropServices;
using Ahoy.Contracts;
using Ahoy.Runtimes.Linux;
using Ahoy.Runtimes.Namespaces;

namespace Ahoy.Runtimes.Oci;

/// <summary>Stacks layer directories with overlayfs: Documentation/filesystems/overlayfs.rst of the kernel.</summary>
internal static class OverlayMount
{
    // mount(2) takes one page of options, less the final zero byte.
    private const int OptionBytes = 4095;

    /// <summary>Mounts <paramref name="layers"/> (lowest first) with a writable layer on top.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.RuntimeFailed"/>.</exception>
    public static void Mount(IReadOnlyList<string> layers, string upper, string work, string target)
    {
        var opened = new List<int>();
        try
        {
            // Short names for long paths, of which one page would hold few; and no path needs quoting of ":" and ",".
            string Short(string directory)
            {
                var descriptor = LibC.Open(directory, LibC.OpenPath | LibC.OpenCloseOnExec, 0);
                if (descriptor < 0)
                    throw new AhoyException(ErrorCode.RuntimeFailed, $"Directory {directory} of a container's root can't be opened: {LibC.LastError()}.");
                opened.Add(descriptor);
                return $"/proc/self/fd/{descriptor}";
            }

            var required = $"lowerdir={string.Join(':', layers.Reverse().Select(Short))},upperdir={Short(upper)},workdir={Short(work)}";
            if (required.Length > OptionBytes - 100)
                throw new AhoyException(ErrorCode.RuntimeFailed, $"The image has {layers.Count} layers, more than overlayfs can be told of in one mount. Build it with fewer layers.");
            Mount(required, layers.Count, target);
        }
        finally
        {
            foreach (var descriptor in opened)
                _ = LibC.Close(descriptor);
        }
    }

    /// <summary>Takes a mount away, at once for this process and for good when its last user ends. Not mounted = done.</summary>
    public static void Unmount(string target)
    {
        if (LibC.Unmount(target, LibC.MntDetach) < 0 && Marshal.GetLastPInvokeError() is not (LibC.Einval or LibC.Enoent))
            throw new AhoyException(ErrorCode.RuntimeFailed, $"Unmounting {target} failed: {LibC.LastError()}.");
    }

    private static void Mount(string required, int layers, string target)
    {
        // Whiteouts and opaque marks are "user." attributes in a user namespace. Elsewhere nothing but plain copies may lie in the
        // upper directory, or its export would lose renamed directories.
        var kind = IdRanges.OfThisProcess() == IdRange.All ? "redirect_dir=off,metacopy=off" : "userxattr";
        // A container's root needs no fsync and no stable inode numbers.
        string[] attempts = [$"{required},{kind},index=off,xino=off,volatile", $"{required},{kind}", kind == "userxattr" ? "" : required];
        var error = 0;
        foreach (var options in attempts.Where(options => options.Length > 0))
        {
            if (LibC.Mount("overlay", target, "overlay", LibC.MsNoDev | LibC.MsNoSuid, options) == 0)
                return;
            error = Marshal.GetLastPInvokeError();
            // Older kernels refuse options that they do not know.
            if (error != LibC.Einval)
                break;
        }

        throw new AhoyException(ErrorCode.RuntimeFailed, $"Mounting {layers} layer(s) with overlayfs at {target} failed: {Marshal.GetPInvokeErrorMessage(error)}. {Remedy(error)}");
    }

    private static string Remedy(int error) => error switch
    {
        LibC.Eperm when IdRanges.OfThisProcess() == IdRange.Ordinary => "This process has no namespace of its own to mount in.",
        LibC.Eperm => "Overlayfs in user namespaces needs Linux 5.11; run the daemon as root on older kernels.",
        LibC.Einval => "The state directory must lie on a local file system that overlayfs can write to (ext4, xfs, btrfs, tmpfs), not on overlayfs, NFS or Lustre itself.",
        _ => "See the kernel's log (dmesg) for its reason.",
    };
}
