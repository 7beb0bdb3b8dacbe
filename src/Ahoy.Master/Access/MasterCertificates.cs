using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ahoy.Master.Access;

/// <summary>
/// The master's own CA, made at the first start, and the server certificate that it signs anew at each start and long before it ends.
/// Tokens carry the CA's fingerprint, so clients and agents trust this CA and nothing else.
/// </summary>
/// <remarks>
/// TLS servers on .NET never send the last certificate of their chain (the root is of no use to a peer that trusts it already).
/// Ours has to travel, because the peer knows only its fingerprint. So the CA is itself signed by a root whose key is thrown
/// away at once: the root stays at home, the CA is sent.
/// </remarks>
internal sealed class MasterCertificates
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private static readonly TimeSpan ServerLifetime = TimeSpan.FromDays(397);

    private readonly X509Certificate2 _authority;
    private readonly IReadOnlyList<string> _names;
    private SslStreamCertificateContext _current;

    private MasterCertificates(X509Certificate2 authority, X509Certificate2 root, IReadOnlyList<string> names, DateTimeOffset now)
    {
        _authority = authority;
        _names = names;
        Chain = [X509CertificateLoader.LoadCertificate(authority.RawData), root];
        _current = Issue(now);
    }

    /// <summary>What a new connection is shown: certificate, key and chain.</summary>
    public SslStreamCertificateContext Current => Volatile.Read(ref _current);

    /// <summary>Certificate with key.</summary>
    public X509Certificate2 Server => Current.TargetCertificate;

    /// <summary>What stands above <see cref="Server"/>.</summary>
    public X509Certificate2Collection Chain { get; }

    /// <summary>SHA-256 of the CA's certificate (DER), 64 hexadecimal digits: what tokens carry.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(_authority.RawData));

    /// <summary>Loads the CA from <paramref name="directory"/>, or makes it there: files ca.pem, ca.key (mode 0600) and root.pem.</summary>
    /// <param name="directory">The master's folder for certificates.</param>
    /// <param name="names">Host names and IP addresses under which the master will be called.</param>
    /// <param name="time">For the validity of what is made.</param>
    public static MasterCertificates LoadOrCreate(string directory, IEnumerable<string> names, TimeProvider time)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var certificateFile = Path.Combine(directory, "ca.pem");
        var keyFile = Path.Combine(directory, "ca.key");
        var rootFile = Path.Combine(directory, "root.pem");
        if (!File.Exists(certificateFile))
            Create(certificateFile, keyFile, rootFile, time.GetUtcNow());

        var authority = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        var root = X509CertificateLoader.LoadCertificateFromFile(rootFile);
        return new MasterCertificates(authority, root, [.. names], time.GetUtcNow());
    }

    /// <summary>Issues a new server certificate when less than a third of the present one's life is left. Open connections keep theirs.</summary>
    /// <returns>True when there is a new one.</returns>
    public bool RenewIfDue(DateTimeOffset now)
    {
        if (Server.NotAfter.ToUniversalTime() - now.UtcDateTime > ServerLifetime / 3)
            return false;
        Volatile.Write(ref _current, Issue(now));
        return true;
    }

    private SslStreamCertificateContext Issue(DateTimeOffset now) =>
        SslStreamCertificateContext.Create(IssueServer(_authority, _names, now), Chain, offline: true);

    private static void Create(string certificateFile, string keyFile, string rootFile, DateTimeOffset now)
    {
        var notBefore = now.AddDays(-1);
        var notAfter = now.AddYears(20);
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = AuthorityRequest("CN=Ahoy root", rootKey, pathLength: 1).CreateSelfSigned(notBefore, notAfter);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = AuthorityRequest("CN=Ahoy master CA", key, pathLength: 0).Create(root, notBefore, notAfter, NewSerialNumber());

        WritePrivate(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(rootFile, root.ExportCertificatePem());
        // Last: its presence says that everything is there.
        File.WriteAllText(certificateFile + ".new", authority.ExportCertificatePem());
        File.Move(certificateFile + ".new", certificateFile, overwrite: true);
    }

    private static CertificateRequest AuthorityRequest(string name, ECDsa key, int pathLength)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLength, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }

    private static X509Certificate2 IssueServer(X509Certificate2 authority, IEnumerable<string> names, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Ahoy master", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Distinct())
        {
            if (IPAddress.TryParse(name, out var address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var certificate = request.Create(authority, now.AddDays(-1), now + ServerLifetime, NewSerialNumber());
        return certificate.CopyWithPrivateKey(key);
    }

    private static byte[] NewSerialNumber()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        // RFC 5280, 4.1.2.2: positive.
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }

    private static void WritePrivate(string path, string text)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        using var writer = new StreamWriter(file);
        writer.Write(text);
    }
}
