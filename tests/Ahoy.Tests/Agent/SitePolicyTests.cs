using Ahoy.Agent.Configuration;
using Ahoy.Agent.Policy;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Agent;

public sealed class SitePolicyTests
{
    private static readonly AgentOptions Options = new() { Name = "host1", Cpus = 4, MemoryBytes = 4L << 30 };

    [Fact]
    public void Without_lists_everybody_may_run_every_image() =>
        Assert.Null(new SitePolicy(Options).Refusal(AgentUnderTest.Order(1)));

    [Theory]
    [InlineData("debian-*", null)]
    [InlineData("debian-12", null)]
    [InlineData("*", null)]
    [InlineData("debian", "does not run image debian-12")]
    [InlineData("Debian-*", "does not run image debian-12")]
    public void Images_are_allowed_by_name_pattern(string pattern, string? refusal)
    {
        var told = new SitePolicy(Options with { AllowedImages = [pattern] }).Refusal(AgentUnderTest.Order(1));

        Assert.Equal(refusal is null, told is null);
        Assert.Contains(refusal ?? "", told ?? "");
    }

    [Fact]
    public void Job_beyond_the_sites_limits_is_refused_with_both_figures()
    {
        var policy = new SitePolicy(Options with { MaxWallTime = TimeSpan.FromHours(1) });

        Assert.Contains("asks for 5 cpus; this site gives at most 4", policy.Refusal(AgentUnderTest.Order(1, Asking(new JobResources { Cpus = 5 }))));
        Assert.Contains("asks for 5G of memory; this site gives at most 4G", policy.Refusal(AgentUnderTest.Order(1, Asking(new JobResources { MemoryBytes = 5L << 30 }))));
        Assert.Contains("asks for 2h; this site gives at most 1h", policy.Refusal(AgentUnderTest.Order(1, Asking(new JobResources { WallTimeSeconds = 7200 }))));
    }

    [Fact]
    public void Job_without_a_time_gets_the_sites()
    {
        var policy = new SitePolicy(Options with { MaxWallTime = TimeSpan.FromHours(1) });

        Assert.Equal(TimeSpan.FromHours(1), policy.WallTime(AgentUnderTest.Order(1)));
        Assert.Equal(TimeSpan.FromSeconds(5), policy.WallTime(AgentUnderTest.Order(1, Asking(new JobResources { WallTimeSeconds = 5 }))));
        Assert.Null(new SitePolicy(Options).WallTime(AgentUnderTest.Order(1)));
    }

    [Fact]
    public void Jobs_together_do_not_get_more_than_the_site_gives()
    {
        var policy = new SitePolicy(Options);
        var running = AgentUnderTest.Order(1, Asking(new JobResources { Cpus = 3 }));

        Assert.Null(policy.NoRoom(AgentUnderTest.Order(2), [running]));
        Assert.Contains("5 of 4 cpus", policy.NoRoom(AgentUnderTest.Order(2, Asking(new JobResources { Cpus = 2 })), [running]));
    }

    private static JobRequest Asking(JobResources resources) => new() { Image = "i", Command = ["p"], Resources = resources };
}
