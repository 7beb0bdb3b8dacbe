using Ahoy.Runtimes.Oci;

namespace Ahoy.Tests.Runtimes;

public sealed class SeccompProfileTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void For_EverySystemCall_HasOneUnconditionalRuleAtMost(bool root)
    {
        var names = SeccompProfile.For(root).Syscalls.Where(rule => rule.Args is null).SelectMany(rule => rule.Names).ToList();
        Assert.Empty(names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Theory]
    [InlineData("mount")]
    [InlineData("unshare")]
    [InlineData("setns")]
    [InlineData("bpf")]
    [InlineData("keyctl")]
    [InlineData("init_module")]
    [InlineData("open_by_handle_at")]
    [InlineData("perf_event_open")]
    [InlineData("io_uring_setup")]
    public void For_AnyContainer_RefusesWhatReachesTheKernelOrTheHost(string name)
    {
        foreach (var root in new[] { false, true })
        {
            var profile = SeccompProfile.For(root);
            Assert.Equal("SCMP_ACT_ERRNO", profile.DefaultAction);
            Assert.DoesNotContain(profile.Syscalls, rule => rule.Action == "SCMP_ACT_ALLOW" && rule.Names.Contains(name));
        }
    }

    [Fact]
    public void For_Root_AllowsChrootAndNobodyElseMay()
    {
        Assert.Contains(SeccompProfile.For(root: true).Syscalls, rule => rule.Action == "SCMP_ACT_ALLOW" && rule.Names.Contains("chroot"));
        Assert.DoesNotContain(SeccompProfile.For(root: false).Syscalls, rule => rule.Action == "SCMP_ACT_ALLOW" && rule.Names.Contains("chroot"));
    }
}
