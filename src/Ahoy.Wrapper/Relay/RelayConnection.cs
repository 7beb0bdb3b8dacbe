using System.Net.Sockets;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Relay;

namespace Ahoy.Wrapper.Relay;

/// <summary>
/// One connection to the job's relay, one request after the other (<see cref="RelayOperation"/>). Blocking calls, because each worker
/// has its own thread and the wrapper must start fast. Every fault of the connection is a transient <see cref="AhoyException"/>.
/// </summary>
internal sealed class RelayConnection : IDisposable
{
    private const int MaxLine = 64 * 1024;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenRegistration _closing;
    private readonly byte[] _buffer = new byte[MaxLine];
    private int _start;
    private int _end;

    private RelayConnection(CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
        _closing = cancellationToken.Register(_socket.Dispose); // ends the call in which another thread is blocked
    }

    public static RelayConnection Open(string path, TimeSpan stallTime, CancellationToken cancellationToken)
    {
        var connection = new RelayConnection(cancellationToken);
        try
        {
            connection.Guard("connect to", () =>
            {
                connection._socket.SendTimeout = connection._socket.ReceiveTimeout = (int)stallTime.TotalMilliseconds;
                connection._socket.Connect(new UnixDomainSocketEndPoint(path));
                return 0;
            });
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sends a request and takes its first reply.</summary>
    /// <exception cref="AhoyException">The connection failed, or the relay refused; with its code and whether it may succeed later.</exception>
    public RelayReply Ask(RelayRequest request)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(request, AhoyJson.Default.RelayRequest);
        byte[] message = [.. line, (byte)'\n'];
        Send(message);
        return ReceiveReply();
    }

    /// <exception cref="AhoyException">As for <see cref="Ask"/>.</exception>
    public RelayReply ReceiveReply()
    {
        RelayReply? reply;
        try
        {
            reply = JsonSerializer.Deserialize(ReceiveLine(), AhoyJson.Default.RelayReply);
        }
        catch (JsonException e)
        {
            throw new AhoyException(ErrorCode.InvalidRequest, $"The agent's relay sent something that is not a reply: {e.Message}", e, transient: true);
        }

        return reply switch
        {
            null => throw new AhoyException(ErrorCode.InvalidRequest, "The agent's relay sent an empty reply.", transient: true),
            { Ok: true } => reply,
            _ => throw new AhoyException(reply.Code ?? ErrorCode.Internal, reply.Message ?? "The agent's relay refused without a reason.", transient: reply.Transient),
        };
    }

    public void Send(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var rest = bytes;
            bytes = bytes[Guard("write to", () => _socket.Send(rest.Span))..];
        }
    }

    /// <summary>Reads some of the raw bytes that follow a reply.</summary>
    /// <exception cref="AhoyException">The connection failed or ended.</exception>
    public int Receive(Memory<byte> bytes)
    {
        if (_start < _end)
        {
            var count = Math.Min(bytes.Length, _end - _start);
            _buffer.AsMemory(_start, count).CopyTo(bytes);
            _start += count;
            return count;
        }

        return NotEnded(Guard("read from", () => _socket.Receive(bytes.Span)));
    }

    public void Dispose()
    {
        _closing.Dispose();
        _socket.Dispose();
    }

    private ReadOnlySpan<byte> ReceiveLine()
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                var line = _buffer.AsSpan(_start, length);
                _start += length + 1;
                return line;
            }

            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            if (_end == MaxLine)
                throw new AhoyException(ErrorCode.InvalidRequest, $"The agent's relay sent a line of more than {MaxLine} bytes.", transient: true);
            _end += NotEnded(Guard("read from", () => _socket.Receive(_buffer.AsSpan(_end))));
        }
    }

    private static int NotEnded(int count) => count > 0
        ? count
        : throw new AhoyException(ErrorCode.Unavailable, "The agent closed the connection of the job's relay.", transient: true);

    private int Guard(string what, Func<int> call)
    {
        try
        {
            _cancellationToken.ThrowIfCancellationRequested();
            return call();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            throw new AhoyException(ErrorCode.Unavailable, $"The wrapper could not {what} the job's relay: {e.Message}.", e, transient: true);
        }
    }
}
