using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ahoy.Contracts.Names;

namespace Ahoy.Contracts.Access;

/// <summary>
/// TLS towards the master. The only trust is the one CA whose SHA-256 fingerprint the token carries: the system's store is never
/// asked, and there is no switch to turn the check off. The server sends its leaf together with that CA's certificate (RFC 8446, 4.4.2).
/// </summary>
public static class PinnedTls
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>
    /// A handler that talks to no server but one whose certificate comes from the pinned CA and names the host that was asked for.
    /// A refused certificate shows as an <see cref="HttpRequestException"/> whose inner <see cref="AuthenticationException"/> says what is wrong.
    /// </summary>
    /// <param name="caFingerprint"><see cref="AccessToken.CaFingerprint"/>: 64 lower-case hexadecimal digits.</param>
    public static SocketsHttpHandler CreateHandler(string caFingerprint)
    {
        SystemStore.Skip();
        return new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
                    Accept(caFingerprint, (sender as SslStream)?.TargetHostName, certificate, chain, errors),
                // An empty own store: the platform's check before the callback then trusts nobody and downloads nothing.
                CertificateChainPolicy = Policy(),
                // A resumed session may come without the chain in which the CA is looked for.
                AllowTlsResume = false,
            },
            ConnectTimeout = TimeSpan.FromSeconds(10),
            ConnectCallback = NamedConnection.OpenAsync,
            // A connection that a firewall has forgotten is noticed while a long call waits on it.
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            // The master redirects nobody: following one would carry the token elsewhere.
            AllowAutoRedirect = false,
            UseCookies = false,
        };
    }

    private static bool Accept(string caFingerprint, string? host, X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 leaf || sent is null)
            throw new AuthenticationException($"The server at {host} showed no certificate.");

        var ca = sent.ChainPolicy.ExtraStore
            .Concat(sent.ChainElements.Select(element => element.Certificate))
            .FirstOrDefault(candidate => IsPinned(candidate, caFingerprint))
            ?? throw new AuthenticationException(
                $"The server at {host} is not the master that this token is for: no certificate of its chain has the SHA-256 fingerprint {caFingerprint}. "
                + "Check the address, or get a new token from that master.");

        using var chain = new X509Chain { ChainPolicy = Policy() };
        // The pinned CA has no issuer that anybody trusts, so the chain must end at it: that, and nothing above it, is what the token vouches for.
        chain.ChainPolicy.ExtraStore.Add(ca);
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        if (!chain.Build(leaf) || !IsPinned(chain.ChainElements[^1].Certificate, caFingerprint))
        {
            var faults = string.Join(" ", chain.ChainStatus.Select(status => status.StatusInformation.Trim()));
            throw new AuthenticationException($"The certificate of the server at {host} does not hold against the master's CA: {faults}");
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            throw new AuthenticationException(
                $"The master's certificate is not for the name {host}. Use an address that it names, or let the master be started with this name.");
        }

        return true;
    }

    private static bool IsPinned(X509Certificate2 certificate, string caFingerprint) =>
        Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span)) == caFingerprint;

    private static X509ChainPolicy Policy() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        ApplicationPolicy = { new Oid(ServerAuthentication) },
    };
}
