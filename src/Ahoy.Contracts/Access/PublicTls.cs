using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ahoy.Contracts.Names;

namespace Ahoy.Contracts.Access;

/// <summary>TLS towards servers of the world, trusting what this computer trusts.</summary>
public static class PublicTls
{
    /// <summary>
    /// Where distributions keep all their roots in one file: Debian, Fedora and RHEL, SUSE, Alpine. OpenSSL's own default is that
    /// of the computer on which it was built, and this executable runs on others.
    /// </summary>
    private static readonly string[] Bundles =
    [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];

    /// <summary>A handler that checks servers against the file that SSL_CERT_FILE names, else against this computer's roots.</summary>
    public static SocketsHttpHandler CreateHandler()
    {
        SystemStore.Skip();
        return CreateHandler(SystemStore.UserFile is { } file ? [file] : Bundles);
    }

    internal static SocketsHttpHandler CreateHandler(IEnumerable<string> bundles) => new()
    {
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Policy(bundles.FirstOrDefault(File.Exists)) },
        ConnectCallback = NamedConnection.OpenAsync,
    };

    private static X509ChainPolicy Policy(string? bundle)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        if (bundle is null)
            return policy;
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(bundle);
        }
        catch (CryptographicException e)
        {
            throw new AhoyException(ErrorCode.InvalidRequest, $"The certificates of {bundle} can't be read: {e.Message} Mend that file, or name another one in SSL_CERT_FILE.", e);
        }

        return policy;
    }
}
