using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ahoy.Testing;

/// <summary>A CA as a master has it: signed by a root that nobody keeps, so that a TLS server sends it along.</summary>
public sealed class TestAuthority
{
    private readonly X509Certificate2 _root;

    public TestAuthority()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _root = Authority("CN=Test root", rootKey).CreateSelfSigned(NotBefore, NotAfter);
        Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Authority("CN=Test CA", Key).Create(_root, NotBefore, NotAfter, RandomNumberGenerator.GetBytes(8));
        Certificate = certificate.CopyWithPrivateKey(Key);
    }

    private static DateTimeOffset NotBefore { get; } = DateTimeOffset.UtcNow.AddDays(-2);
    private static DateTimeOffset NotAfter { get; } = DateTimeOffset.UtcNow.AddDays(30);

    public ECDsa Key { get; }
    public X509Certificate2 Certificate { get; }
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Certificate.RawData));

    /// <summary>What stands above a leaf.</summary>
    public X509Certificate2Collection Chain => [X509CertificateLoader.LoadCertificate(Certificate.RawData), _root];

    /// <param name="name">A host name or an IP address.</param>
    /// <param name="signer">Null: this CA. Another key makes a forgery that names this CA as its issuer.</param>
    /// <param name="notAfter">End of validity.</param>
    public X509Certificate2 Leaf(string name, ECDsa? signer = null, DateTimeOffset? notAfter = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test server", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
            names.AddIpAddress(address);
        else
            names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var certificate = request.Create(
            Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(signer ?? Key), NotBefore, notAfter ?? NotAfter, RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }
}
