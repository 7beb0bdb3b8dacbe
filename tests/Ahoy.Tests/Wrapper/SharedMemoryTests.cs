using Ahoy.Wrapper.Programs;

namespace Ahoy.Tests.Wrapper;

public sealed class SharedMemoryTests
{
    [Fact]
    public void SegmentBytes_IsTheSumOfResidentBytes() => Assert.Equal(12288, SharedMemory.SegmentBytes([
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap",
        "         0          0  1600               1048576   100   100      1     0     0     0     0          1          0          1                  8192                     0",
        "         0          1  1600               1048576   100   100      1     0     0     0     0          1          0          1                  4096                     0",
    ]));

    [Fact]
    public void MappedBytes_CountsOnlySharedFilesAndSegments() => Assert.Equal(6 * 1024, SharedMemory.MappedBytes([
        "7f0000000000-7f0000001000 rw-s 00000000 00:1a 5                          /dev/shm/a (deleted)", "Rss:   8 kB", "Pss:                   4 kB",
        "7f0000001000-7f0000002000 rw-p 00000000 00:00 0 ", "Pss:                 100 kB",
        "7f0000002000-7f0000003000 rw-s 00000000 00:01 0                          /SYSV00000000 (deleted)", "Pss:                   2 kB",
        "7f0000003000-7f0000004000 r-xp 00000000 00:1a 6                          /usr/lib/x.so", "Pss:                  50 kB",
    ]));
}
