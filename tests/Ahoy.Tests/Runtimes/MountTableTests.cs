using Ahoy.Runtimes.Linux;

namespace Ahoy.Tests.Runtimes;

public sealed class MountTableTests
{
    [Fact]
    public void Parse_EscapedNamesAndOptionalFields_GivesTheRealOnes()
    {
        var mounts = MountTable.Parse(
            """
            36 35 98:0 /sub\040dir /mnt/a\134b rw,noatime master:1 propagate_from:2 - ext4 /dev/root rw,errors=continue
            40 36 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct

            """);
        Assert.Equal("/sub dir", mounts[0].Root);
        Assert.Equal(@"/mnt/a\b", mounts[0].Target);
        Assert.Equal("ext4", mounts[0].Type);
        Assert.Equal("cgroup", mounts[1].Type);
        Assert.Equal(["rw", "cpu", "cpuacct"], mounts[1].Options);
    }
}
