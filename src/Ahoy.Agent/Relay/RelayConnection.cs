using System.Buffers;
using System.Net.Sockets;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Relay;

namespace Ahoy.Agent.Relay;

/// <summary>Lines of JSON and raw bytes on one relay connection.</summary>
internal sealed class RelayConnection(Socket socket) : IDisposable
{
    /// <summary>Of a line, with its end. Raw bytes are moved in pieces of this size as well.</summary>
    private const int BufferBytes = 64 * 1024;

    // Not pooled: an upload that was given up may still be reading into it.
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;

    /// <summary>Null when the other side has closed between two requests.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/> for anything but a request.</exception>
    public async Task<RelayRequest?> ReadRequestAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var newline = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = _buffer.AsMemory(_start, newline);
                _start += newline + 1;
                return Parse(line.Span);
            }

            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            if (_end >= BufferBytes)
                throw new AhoyException(ErrorCode.InvalidRequest, $"A relay request is longer than {BufferBytes} bytes.");
            var read = await socket.ReceiveAsync(_buffer.AsMemory(_end, BufferBytes - _end), cancellationToken);
            if (read == 0)
            {
                return _end == 0
                    ? null
                    : throw new AhoyException(ErrorCode.InvalidRequest, "The relay connection ended within a request.");
            }

            _end += read;
        }
    }

    public async Task ReplyAsync(RelayReply reply, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(reply, AhoyJson.Default.RelayReply);
        var line = new byte[json.Length + 1];
        json.CopyTo(line, 0);
        line[^1] = (byte)'\n';
        await WriteAsync(line, cancellationToken);
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, cancellationToken)..];
        }
    }

    /// <summary>Moves exactly <paramref name="count"/> raw bytes from here to <paramref name="target"/>.</summary>
    public async Task CopyToAsync(Stream target, long count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (_start == _end)
            {
                _start = 0;
                _end = await socket.ReceiveAsync(_buffer.AsMemory(0, BufferBytes), cancellationToken);
                if (_end == 0)
                    throw new IOException($"The wrapper closed its connection with {count} bytes of an output to come.");
            }

            var part = (int)Math.Min(count, _end - _start);
            await target.WriteAsync(_buffer.AsMemory(_start, part), cancellationToken);
            _start += part;
            count -= part;
        }
    }

    /// <summary>Moves exactly <paramref name="count"/> bytes from <paramref name="source"/> to the other side.</summary>
    public async Task CopyFromAsync(Stream source, long count, CancellationToken cancellationToken)
    {
        var piece = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (count > 0)
            {
                var read = await source.ReadAsync(piece.AsMemory(0, (int)Math.Min(count, piece.Length)), cancellationToken);
                if (read == 0)
                    throw new IOException($"The input ended {count} bytes before its size.");
                await WriteAsync(piece.AsMemory(0, read), cancellationToken);
                count -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    public void Dispose() => socket.Dispose();

    private static RelayRequest Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, AhoyJson.Default.RelayRequest)
                ?? throw new AhoyException(ErrorCode.InvalidRequest, "A relay request is null.");
        }
        catch (JsonException e)
        {
            throw new AhoyException(ErrorCode.InvalidRequest, $"A relay request is not understood: {e.Message}", e);
        }
    }
}
