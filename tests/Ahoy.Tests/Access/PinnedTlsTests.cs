using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ahoy.Contracts.Access;
using Ahoy.Testing;

namespace Ahoy.Tests.Access;

public sealed class PinnedTlsTests
{
    private readonly TestAuthority _authority = new();

    [Fact]
    public async Task Certificate_of_the_pinned_CA_with_the_right_name_is_accepted() =>
        Assert.Null(await ConnectAsync(_authority.Leaf("127.0.0.1"), _authority.Chain, _authority.Fingerprint));

    [Fact]
    public async Task Certificate_of_another_CA_is_refused()
    {
        var other = new TestAuthority();
        var fault = await ConnectAsync(other.Leaf("127.0.0.1"), other.Chain, _authority.Fingerprint);
        Assert.Contains("is not the master that this token is for", fault?.Message);
    }

    [Fact]
    public async Task Certificate_for_another_name_is_refused()
    {
        var fault = await ConnectAsync(_authority.Leaf("master.example.org"), _authority.Chain, _authority.Fingerprint);
        Assert.Contains("is not for the name 127.0.0.1", fault?.Message);
    }

    [Fact]
    public async Task Expired_certificate_is_refused()
    {
        var fault = await ConnectAsync(_authority.Leaf("127.0.0.1", notAfter: DateTimeOffset.UtcNow.AddHours(-1)), _authority.Chain, _authority.Fingerprint);
        Assert.Contains("does not hold against the master's CA", fault?.Message);
    }

    [Fact]
    public async Task Forgery_that_names_the_CA_and_sends_its_real_certificate_is_refused()
    {
        using var forger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var fault = await ConnectAsync(_authority.Leaf("127.0.0.1", signer: forger), _authority.Chain, _authority.Fingerprint);
        Assert.Contains("does not hold against the master's CA", fault?.Message);
    }

    [Fact]
    public async Task Leaf_of_the_CA_that_signs_a_certificate_itself_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = _authority.Leaf("127.0.0.1");
        var request = new CertificateRequest("CN=Below a leaf", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var below = request.Create(
            leaf.SubjectName, X509SignatureGenerator.CreateForECDsa(leaf.GetECDsaPrivateKey()!), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3]);
        var fault = await ConnectAsync(below.CopyWithPrivateKey(key), [leaf, .. _authority.Chain], _authority.Fingerprint);
        Assert.NotNull(fault);
    }

    /// <summary>Null when the handshake went well.</summary>
    private static async Task<AuthenticationException?> ConnectAsync(X509Certificate2 leaf, X509Certificate2Collection chain, string fingerprint)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, SslStreamCertificateContext.Create(leaf, chain, offline: true));
        using var client = new HttpClient(PinnedTls.CreateHandler(fingerprint));
        try
        {
            using var response = await client.GetAsync($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
            return null;
        }
        catch (HttpRequestException e)
        {
            return Assert.IsType<AuthenticationException>(e.InnerException);
        }
        finally
        {
            await serving;
        }
    }

    private static async Task ServeAsync(TcpListener listener, SslStreamCertificateContext context)
    {
        using var connection = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var tls = new SslStream(connection.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = context }, TestContext.Current.CancellationToken);
            await tls.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, TestContext.Current.CancellationToken);
            await tls.WriteAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // The client hung up because it refused the certificate: that is what the test looks at, on the client's side.
        }
    }
}
