using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ahoy.Contracts.Access;
using Ahoy.Master.Access;
using Ahoy.Testing;

namespace Ahoy.Tests.Master;

public sealed class PinnedTlsTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Connect_ToTheMasterOfTheToken_Works()
    {
        var certificates = Make("one", "127.0.0.1");

        Assert.Equal(HttpStatusCode.OK, await AskAsync(certificates.Server, certificates.Chain, certificates.Fingerprint));
    }

    [Fact]
    public async Task Connect_AfterARestart_StillTrustsTheCa()
    {
        var first = Make("one", "127.0.0.1");
        var second = Make("one", "127.0.0.1");

        Assert.Equal(first.Fingerprint, second.Fingerprint);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(second.Server, second.Chain, first.Fingerprint));
    }

    [Fact]
    public async Task Connect_ToAnotherMaster_IsRefused()
    {
        var ours = Make("one", "127.0.0.1");
        var other = Make("two", "127.0.0.1");

        Assert.Contains("not the master that this token is for", await RefusalAsync(other.Server, other.Chain, ours.Fingerprint));
    }

    /// <summary>Same issuer name and key identifier as ours, signed by another key.</summary>
    [Fact]
    public async Task Connect_ToALeafWithAForgedSignature_IsRefused()
    {
        var ours = Make("one", "127.0.0.1");
        var authority = ours.Chain[0];
        using var forgerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Ahoy master", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var leaf = request.Create(authority.SubjectName, X509SignatureGenerator.CreateForECDsa(forgerKey), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3]);

        Assert.Contains("does not hold", await RefusalAsync(leaf.CopyWithPrivateKey(key), ours.Chain, ours.Fingerprint));
    }

    [Fact]
    public async Task Connect_UnderANameThatTheCertificateLacks_IsRefused()
    {
        var certificates = Make("one", "192.0.2.1");

        Assert.Contains("not for the name", await RefusalAsync(certificates.Server, certificates.Chain, certificates.Fingerprint));
    }

    [Fact]
    public void Create_KeysAreForTheOwnerOnly()
    {
        Make("one", "127.0.0.1");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder.Path, "one", "ca.key")));
    }

    private MasterCertificates Make(string name, string address) =>
        MasterCertificates.LoadOrCreate(Path.Combine(_folder.Path, name), [address], TimeProvider.System);

    private static async Task<string> RefusalAsync(X509Certificate2 leaf, X509Certificate2Collection chain, string fingerprint)
    {
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(leaf, chain, fingerprint));
        return Assert.IsType<AuthenticationException>(error.InnerException).Message;
    }

    private static Task<HttpStatusCode> AskAsync(X509Certificate2 leaf, X509Certificate2Collection chain, string fingerprint) =>
        TlsExchange.AskAsync(PinnedTls.CreateHandler(fingerprint), leaf, chain);
}
