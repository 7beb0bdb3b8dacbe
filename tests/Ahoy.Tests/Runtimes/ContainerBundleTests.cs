using Ahoy.Contracts;
using Ahoy.Runtimes;
using Ahoy.Runtimes.Namespaces;
using Ahoy.Runtimes.Oci;

namespace Ahoy.Tests.Runtimes;

public sealed class ContainerBundleTests
{
    [Fact]
    public void Describe_ByDefault_IsAsClosedAsItCanBe()
    {
        var spec = Describe(Spec(), "crun", IdRange.Range);
        Assert.Equal(new RuntimeSpec.UserSection(1000, 1000), spec.Process.User);
        Assert.True(spec.Process.NoNewPrivileges);
        Assert.Empty(spec.Process.Capabilities.Bounding);
        Assert.Equal(["pid", "mount", "ipc", "uts", "cgroup", "network"], spec.Linux.Namespaces.Select(one => one.Type));
        Assert.Contains("/proc/kcore", spec.Linux.MaskedPaths);
        Assert.Contains("/proc/sys", spec.Linux.ReadonlyPaths);
        Assert.Equal("job-1-2", spec.Hostname);
    }

    [Theory]
    [InlineData("crun", 1000u, true)]
    [InlineData("runc", 0u, false)]
    public void Describe_WithASingleId_GivesTheContainerWhatTheProgramCan(string program, uint user, bool nested)
    {
        var spec = Describe(Spec(), program, IdRange.Single);
        Assert.Equal(user, spec.Process.User.Uid);
        Assert.Equal(nested, spec.Linux.UidMappings is not null);
        Assert.Empty(spec.Process.Capabilities.Effective);
    }

    [Fact]
    public void Describe_Root_HasNoPowerOverTheHost()
    {
        var spec = Describe(Spec() with { Root = true }, "crun", IdRange.All);
        Assert.Equal(0u, spec.Process.User.Uid);
        Assert.Contains("CAP_CHOWN", spec.Process.Capabilities.Bounding);
        Assert.Empty(spec.Process.Capabilities.Bounding.Intersect(["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_ADMIN", "CAP_SYS_MODULE", "CAP_DAC_READ_SEARCH", "CAP_NET_RAW"]));
    }

    [Fact]
    public void Describe_Mounts_AreReadOnlyWhenSaidSo()
    {
        var mounts = Describe(Spec() with { Mounts = [new() { Source = "/etc/hostname", Target = "/a", ReadOnly = true }, new() { Source = "/tmp", Target = "/b" }] }, "crun", IdRange.Range).Mounts;
        Assert.Contains("ro", mounts.Single(mount => mount.Destination == "/a").Options);
        Assert.Contains("rw", mounts.Single(mount => mount.Destination == "/b").Options);
    }

    [Theory]
    [InlineData(null, null, "size=50%")]
    [InlineData(1L << 30, null, "size=1073741824")]
    [InlineData(null, 4096L, "size=4096")]
    public void Describe_SharedMemory_IsBoundedByTheLimitAlsoWhenThatIsWatched(long? memory, long? shared, string option)
    {
        var mounts = Describe(Spec() with { MemoryBytes = memory, SharedMemoryBytes = shared }, "crun", IdRange.Range).Mounts;
        Assert.Contains(option, mounts.Single(mount => mount.Destination == "/dev/shm").Options);
    }

    private static RuntimeSpec Describe(ContainerSpec spec, string program, IdRange ids) =>
        new ContainerBundle(new ContainerDirectory("/state/containers/crun/job-1.2"), spec, RuntimeProgram.Find(program)!, ids).Describe();

    private static ContainerSpec Spec() => new() { Name = "job-1.2", Image = Digest.Of("x"u8), Command = ["/bin/true"], OutputFile = "/dev/null" };
}
