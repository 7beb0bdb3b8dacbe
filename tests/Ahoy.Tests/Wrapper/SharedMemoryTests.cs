using System.Runtime.InteropServices;
using Ahoy.Wrapper.Programs;
using Microsoft.Win32.SafeHandles;

namespace Ahoy.Tests.Wrapper;

public sealed partial class SharedMemoryTests
{
    [Fact]
    public void SegmentBytes_IsTheSumOfResidentBytes() => Assert.Equal(12288, SharedMemory.SegmentBytes([
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap",
        "         0          0  1600               1048576   100   100      1     0     0     0     0          1          0          1                  8192                     0",
        "         0          1  1600               1048576   100   100      1     0     0     0     0          1          0          1                  4096                     0",
    ]));

    [Fact]
    public void MemoryFiles_ThatNobodyHasMapped_AreCountedOnce()
    {
        var before = MemoryFiles.UsedBytes([Environment.ProcessId]);
        using var file = new SafeFileHandle(MemoryFileCreate("test", 0), ownsHandle: true);
        RandomAccess.Write(file, new byte[3 << 20], 0);

        // This process has others, which its compiler lets grow.
        Assert.InRange(MemoryFiles.UsedBytes([Environment.ProcessId, Environment.ProcessId]) - before, 3 << 20, 5 << 20);
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFileCreate(string name, uint flags);

    [Fact]
    public void MappedBytes_CountsOnlySharedFilesAndSegments() => Assert.Equal(9 * 1024, SharedMemory.MappedBytes([
        "7f0000000000-7f0000001000 rw-s 00000000 00:1a 5                          /dev/shm/a (deleted)", "Rss:   8 kB", "Pss:                   4 kB",
        "7f0000001000-7f0000002000 rw-p 00000000 00:00 0 ", "Pss:                 100 kB",
        "7f0000002000-7f0000003000 rw-s 00000000 00:01 0                          /SYSV00000000 (deleted)", "Pss:                   2 kB",
        "7f0000002000-7f0000003000 rw-s 00000000 00:01 0                          /memfd:buffer (deleted)", "Pss:                   3 kB",
        "7f0000003000-7f0000004000 r-xp 00000000 00:1a 6                          /usr/lib/x.so", "Pss:                  50 kB",
    ]));
}
