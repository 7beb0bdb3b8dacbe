using Ahoy.Agent.Configuration;
using Ahoy.Contracts;
using Ahoy.Runtimes;

namespace Ahoy.Tests.Agent;

public sealed class AgentConfigurationTests
{
    [Fact]
    public void Sample_file_shows_every_key_and_is_valid()
    {
        var sample = AgentConfiguration.Load(SamplePath());

        Assert.Equal(("hpc1", 8, 16L << 30), (sample.Name, sample.Cpus, sample.MemoryBytes));
        Assert.Equal((TimeSpan.FromHours(12), TimeSpan.FromSeconds(25), 1L << 30), (sample.MaxWallTime!.Value, sample.ContactWait, sample.DiskReserveBytes));
        Assert.Equal(["crun", "runc"], sample.Runtimes);
        Assert.Equal("ssd", sample.Labels["disk"]);
        var text = File.ReadAllText(SamplePath());
        var known = Assert.Throws<AhoyException>(() => AgentConfiguration.Parse("x = 1", "test")).Message.Split("The keys are ")[1].TrimEnd('.', '\n').Split(", ");
        Assert.All(known, key => Assert.Contains(text.Split('\n'), line => line.StartsWith(key + " ", StringComparison.Ordinal) || line == $"[{key}]"));
    }

    [Fact]
    public void Defaults_take_the_host_as_it_is()
    {
        var options = AgentConfiguration.Parse("", "test");

        Assert.Equal(Environment.ProcessorCount, options.Cpus);
        Assert.InRange(options.MemoryBytes, 1 << 20, (long)(HostResources.Memory() * 0.91));
        Assert.Equal(ContainerNetwork.None, options.Network);
        Assert.Null(options.MaxWallTime);
    }

    [Fact]
    public void All_faults_are_told_at_once_with_key_value_and_what_is_right()
    {
        var message = Assert.Throws<AhoyException>(() => AgentConfiguration.Parse(
            """
            cpus = 0
            memory = "16"
            max_wall_time = 5
            runtimes = ["docker"]
            network = "bridge"
            memroy = "1G"
            """,
            "agent.toml")).Message;

        Assert.StartsWith("agent.toml can't be used:", message);
        Assert.Contains("cpus is 0. It must be the number of cpus", message);
        Assert.Contains("memory is \"16\". It must be a size with its unit", message);
        Assert.Contains("max_wall_time is 5. It must be a time in quotes", message);
        Assert.Contains("runtimes is [docker]. It must be one or more of", message);
        Assert.Contains("network is \"bridge\". It must be \"none\" or \"host\"", message);
        Assert.Contains("memroy is not a key", message);
    }

    [Fact]
    public void Text_that_is_not_TOML_is_refused_with_its_place() =>
        Assert.Contains("agent.toml is not TOML", Assert.Throws<AhoyException>(() => AgentConfiguration.Parse("cpus = = 3", "agent.toml")).Message);

    [Theory]
    [InlineData("0::/a/b\n", "/sys/fs/cgroup/a/memory.max", "1073741824\n", 1L << 30)]
    [InlineData("0::/a/b\n", "/sys/fs/cgroup/a/memory.max", "max\n", 8192L * 1024)]
    [InlineData("7:cpu,memory:/job\n", "/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4096\n", 4096)]
    [InlineData("7:cpu:/job\n", "/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4096\n", 8192L * 1024)]
    public void Memory_is_the_hosts_or_what_a_cgroup_leaves(string cgroups, string file, string limit, long expected)
    {
        var meminfo = $"MemFree: 1 kB\nMemTotal:       {(expected == 1L << 30 ? 16 << 20 : 8192)} kB\n";

        Assert.Equal(expected, HostResources.Memory(meminfo, cgroups, path => path == file ? limit : null));
    }

    private static string SamplePath()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Ahoy.slnx")))
        {
            directory = Path.GetDirectoryName(directory)!;
        }

        return Path.Combine(directory, "config", "agent.toml");
    }
}
