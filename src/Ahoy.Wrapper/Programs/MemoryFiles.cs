using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>Files in memory that processes hold open: memfd_create(2). Their pages are there whether or not somebody has them mapped.</summary>
internal static class MemoryFiles
{
    /// <summary>How the kernel shows them, as link of a descriptor and as path of a mapping.</summary>
    public const string Mark = "/memfd:";

    private const int BytesOfABlock = 512;

    /// <summary>Bytes in those that the processes hold open, each counted once. One that is only on its way through a socket is not seen.</summary>
    public static long UsedBytes(IEnumerable<int> processes)
    {
        var files = new Dictionary<ulong, long>();
        foreach (var process in processes)
        {
            try
            {
                foreach (var descriptor in new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles())
                {
                    if (descriptor.LinkTarget?.StartsWith(Mark, StringComparison.Ordinal) == true && StatX.TryRead(descriptor.FullName, follow: true, out var file))
                        files[file.Inode] = (long)file.Blocks * BytesOfABlock;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The process is gone, or hides itself.
            }
        }

        return files.Values.Sum();
    }
}
