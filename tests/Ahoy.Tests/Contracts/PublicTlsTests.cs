using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Testing;

namespace Ahoy.Tests.Contracts;

public sealed class PublicTlsTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly TestAuthority _authority = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Connect_ToAServerWhoseRootIsInTheBundle_Works()
    {
        var bundle = Bundle(_authority, new TestAuthority());

        Assert.Equal(HttpStatusCode.OK, await AskAsync("127.0.0.1", _folder.Below("not-there"), bundle));
    }

    [Fact]
    public async Task Connect_ToAServerWhoseRootIsNotInTheBundle_IsRefused()
    {
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync("127.0.0.1", Bundle(new TestAuthority())));
    }

    [Fact]
    public async Task Connect_WithoutAnyBundle_IsRefused()
    {
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync("127.0.0.1", _folder.Below("not-there")));
    }

    [Fact]
    public async Task Connect_UnderANameThatTheCertificateLacks_IsRefused()
    {
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync("192.0.2.1", Bundle(_authority)));
    }

    [Fact]
    public void BrokenBundle_IsNamed()
    {
        var bundle = _folder.Write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

        var error = Assert.Throws<AhoyException>(() => PublicTls.CreateHandler([bundle]));

        Assert.Contains(bundle, error.Message, StringComparison.Ordinal);
    }

    private string Bundle(params TestAuthority[] authorities) =>
        _folder.Write("bundle.pem", string.Join('\n', authorities.Select(authority => authority.Chain[^1].ExportCertificatePem())));

    private Task<HttpStatusCode> AskAsync(string name, params string[] bundles) =>
        TlsExchange.AskAsync(PublicTls.CreateHandler(bundles), _authority.Leaf(name), _authority.Chain);
}
