using System.Net;
using System.Net.Sockets;

namespace Ahoy.Contracts.Names;

/// <summary>TCP connections to hosts by name, for <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
public static class NamedConnection
{
    /// <summary>An address that does not answer holds the next one up no longer (RFC 8305, section 5).</summary>
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(250);

    /// <summary>Resolves the name by <see cref="NameResolver"/> and connects to the first of its addresses that answers.</summary>
    public static async ValueTask<Stream> OpenAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await NameResolver.System.ResolveAsync(context.DnsEndPoint.Host, cancellationToken);
        return new NetworkStream(await ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken), ownsSocket: true);
    }

    /// <exception cref="SocketException">No address can be reached; that of the first one.</exception>
    internal static async Task<Socket> ConnectAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var trying = new List<Task<Socket>>();
        var left = new Queue<IPAddress>(addresses);
        Exception? first = null;
        while (trying.Count > 0 || left.Count > 0)
        {
            if (left.TryDequeue(out var address))
                trying.Add(ConnectAsync(new IPEndPoint(address, port), decided.Token));
            Task[] next = left.Count > 0 ? [.. trying, Task.Delay(HeadStart, decided.Token)] : [.. trying];
            var done = await Task.WhenAny(next) as Task<Socket>;
            if (done is null || !trying.Remove(done))
                continue;
            if (done.IsCompletedSuccessfully)
            {
                await decided.CancelAsync();
                foreach (var late in trying)
                    _ = late.ContinueWith(static other => other.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
                return done.Result;
            }

            first ??= done.Exception?.InnerException;
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw first ?? new SocketException((int)SocketError.HostUnreachable);
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
