using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Ahoy.Tests;

/// <summary>One request to a TLS server on loopback.</summary>
internal static class TlsExchange
{
    /// <summary>A server that shows <paramref name="chain"/> and answers one request, asked through <paramref name="handler"/>.</summary>
    public static async Task<HttpStatusCode> AskAsync(HttpMessageHandler handler, X509Certificate2 leaf, X509Certificate2Collection chain)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var server = AnswerAsync(listener, leaf, chain);
        using var client = new HttpClient(handler);
        try
        {
            using var response = await client.GetAsync(new Uri($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"), TestContext.Current.CancellationToken);
            return response.StatusCode;
        }
        finally
        {
            listener.Stop();
            await server;
        }
    }

    private static async Task AnswerAsync(TcpListener listener, X509Certificate2 leaf, X509Certificate2Collection chain)
    {
        using var connection = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(connection.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true) });
            _ = await tls.ReadAsync(new byte[4096]);
            await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // The client refused and hung up: what most of the tests want.
        }
    }
}
