using System.Net;
using Ahoy.Contracts;
using Ahoy.Contracts.Names;

namespace Ahoy.SystemTests.Names;

/// <summary>The resolver against a real name server.</summary>
public sealed class DnsmasqTests : IAsyncLifetime
{
    private Dnsmasq _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _server = await Dnsmasq.StartAsync(
            port: null,
            [
                "--host-record=both.example,192.0.2.1,2001:db8::1", "--host-record=four.example,192.0.2.4", "--host-record=six.example,2001:db8::6",
                "--host-record=node1.cluster.example,192.0.2.9",
                "--cname=alias.example,both.example", "--cname=far.example,alias.example",
                "--txt-record=text.example,words",
                // More than fits into a datagram of 512 bytes.
                .. Enumerable.Range(1, 60).Select(number => $"--host-record=many.example,10.0.0.{number}"),
            ],
            Token);

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("both.example", "2001:db8::1 192.0.2.1")]
    [InlineData("BOTH.example.", "2001:db8::1 192.0.2.1")]
    [InlineData("four.example", "192.0.2.4")]
    [InlineData("six.example", "2001:db8::6")]
    [InlineData("alias.example", "2001:db8::1 192.0.2.1")]
    [InlineData("far.example", "2001:db8::1 192.0.2.1")]
    [InlineData("node1", "192.0.2.9")]
    [InlineData("node1.cluster", "192.0.2.9")]
    public async Task Resolve_NamesOfEveryKind_GivesTheirAddresses(string name, string addresses) =>
        Assert.Equal(addresses, string.Join(' ', await Resolver().ResolveAsync(name, Token)));

    [Fact]
    public async Task Resolve_AnswerThatIsTooLongForADatagram_AsksByTcp() =>
        Assert.Equal(60, (await Resolver().ResolveAsync("many.example", Token)).Count);

    [Theory]
    [InlineData("nobody.example", "There is no host nobody.example (asked for: nobody.example, nobody.example.cluster.example, nobody.example.example)")]
    [InlineData("text.example", "exists but has no address")]
    public async Task Resolve_NamesWithoutAddress_SaysWhy(string name, string words)
    {
        var error = await Assert.ThrowsAsync<AhoyException>(() => Resolver().ResolveAsync(name, Token));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    private NameResolver Resolver() =>
        new(() => "", () => ResolverConfiguration.Parse("search cluster.example example") with { Servers = [new IPEndPoint(IPAddress.Loopback, _server.Port)] });
}
