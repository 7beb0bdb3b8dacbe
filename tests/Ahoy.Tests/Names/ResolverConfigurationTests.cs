using System.Net;
using Ahoy.Contracts.Names;

namespace Ahoy.Tests.Names;

public sealed class ResolverConfigurationTests
{
    [Fact]
    public void Parse_EverythingThatMatters_IsTaken()
    {
        var configuration = ResolverConfiguration.Parse("""
            # made by hand
            ; also a comment
            search old.example
            nameserver 10.0.0.1
            nameserver  fe80::1%1
            nameserver nonsense
            nameserver 10.0.0.3
            nameserver 10.0.0.4
            search hpc.example.org example.org.
            options ndots:2 timeout:3 attempts:1 rotate edns0
            """);

        Assert.Equal(["10.0.0.1", "fe80::1%1", "10.0.0.3"], configuration.Servers.Select(server => server.Address.ToString()));
        Assert.All(configuration.Servers, server => Assert.Equal(53, server.Port));
        Assert.Equal(["hpc.example.org", "example.org"], configuration.Search);
        Assert.Equal((2, 3, 1), (configuration.Dots, (int)configuration.Timeout.TotalSeconds, configuration.Attempts));
    }

    [Fact]
    public void Parse_NothingOrOutOfBounds_FallsBackAsTheCLibraryDoes()
    {
        var configuration = ResolverConfiguration.Parse("options timeout:900 attempts:900 ndots:900");

        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 53), Assert.Single(configuration.Servers));
        Assert.Equal((15, 30, 5), (configuration.Dots, (int)configuration.Timeout.TotalSeconds, configuration.Attempts));
    }

    [Theory]
    [InlineData("master", "master.a.org master.b.org master")]
    [InlineData("master.grid", "master.grid master.grid.a.org master.grid.b.org")]
    [InlineData("master.", "master")]
    public void Candidates_ByDots_AreInOrder(string name, string expected) =>
        Assert.Equal(expected, string.Join(' ', ResolverConfiguration.Parse("search a.org b.org").Candidates(name)));
}
