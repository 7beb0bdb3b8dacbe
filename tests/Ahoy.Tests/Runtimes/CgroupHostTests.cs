using Ahoy.Runtimes.Cgroups;

namespace Ahoy.Tests.Runtimes;

public sealed class CgroupHostTests
{
    [Fact]
    public void ParseOwn_BothVersions_GivesThePathOfEachController()
    {
        var own = CgroupHost.ParseOwn("4:memory:/a\n2:cpu,cpuacct:/b:c\n1:name=systemd:/\n0::/user.slice/x\n");
        Assert.Equal("/a", own["memory"]);
        Assert.Equal("/b:c", own["cpu"]);
        Assert.Equal("/b:c", own["cpuacct"]);
        Assert.Equal("/user.slice/x", own[""]);
    }
}
