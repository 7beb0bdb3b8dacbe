using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Ahoy.Contracts.Names;

/// <summary>Asks one name server.</summary>
internal static class DnsServer
{
    // Nothing larger is asked for (RFC 1035, 4.2.1); some servers send more all the same.
    private const int DatagramBytes = 4096;

    /// <exception cref="SocketException">It can't be reached.</exception>
    /// <exception cref="OperationCanceledException">The time is over.</exception>
    public static async Task<DnsMessage> AskAsync(IPEndPoint server, string name, ushort type, CancellationToken cancellationToken)
    {
        // Who can't see the query has to guess this and the port, which the kernel chooses anew for each socket (RFC 5452).
        var query = DnsMessage.Query((ushort)RandomNumberGenerator.GetInt32(1 << 16), name, type);
        var answer = await AskByUdpAsync(server, query, cancellationToken);
        return answer.Truncated ? await AskByTcpAsync(server, query, cancellationToken) : answer;
    }

    private static async Task<DnsMessage> AskByUdpAsync(IPEndPoint server, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected: the kernel drops what comes from elsewhere, and tells when nobody listens there.
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(query, cancellationToken);
        var buffer = new byte[DatagramBytes];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellationToken);
            if (DnsMessage.TryParse(buffer.AsSpan(0, length), query) is { } answer)
                return answer;
        }
    }

    private static async Task<DnsMessage> AskByTcpAsync(IPEndPoint server, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        var framed = new byte[2 + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken);
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellationToken);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, cancellationToken);
        return DnsMessage.TryParse(message, query) ?? throw new IOException($"Name server {server} answered by TCP with something else than was asked for.");
    }
}
