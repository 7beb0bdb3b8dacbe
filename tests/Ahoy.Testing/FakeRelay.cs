using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;

namespace Ahoy.Testing;

/// <summary>
/// The agent's side of a job's relay, in memory: hands out <see cref="Inputs"/>, keeps what is delivered, and misbehaves as
/// <see cref="Faults"/> says, one fault per fetch or deliver request.
/// </summary>
public sealed class FakeRelay : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    public FakeRelay(string socketPath)
    {
        File.Delete(socketPath);
        _listener.Bind(new UnixDomainSocketEndPoint(socketPath));
        _listener.Listen(16);
        _accepting = AcceptAsync();
    }

    public ConcurrentDictionary<Digest, byte[]> Inputs { get; } = [];

    /// <summary>What was delivered so far; an entry may be incomplete until its delivery is resumed.</summary>
    public ConcurrentDictionary<Digest, byte[]> Delivered { get; } = [];

    public ConcurrentQueue<FakeRelayFault> Faults { get; } = [];

    public ConcurrentQueue<RelayRequest> Requests { get; } = [];

    public IEnumerable<JobState?> Phases => Requests.Where(r => r.Operation == RelayOperation.Phase).Select(r => r.Phase);

    /// <summary>Keeps bytes as an input and describes it as orders do.</summary>
    public JobInput AddInput(string path, byte[] bytes, bool executable = false)
    {
        var digest = Digest.Of(bytes);
        Inputs[digest] = bytes;
        return new JobInput { Path = path, Digest = digest, Size = bytes.Length, Executable = executable };
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _connections.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException && _stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            while (await ReadLineAsync(stream) is { } line)
            {
                var request = JsonSerializer.Deserialize(line, AhoyJson.Default.RelayRequest)!;
                Requests.Enqueue(request);
                if (!await AnswerAsync(stream, request))
                    return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The wrapper went away, or the test is over: both end the connection.
        }
    }

    /// <summary>False when the connection is to be closed.</summary>
    private async Task<bool> AnswerAsync(NetworkStream stream, RelayRequest request)
    {
        FakeRelayFault? fault = null;
        if (request.Operation != RelayOperation.Phase)
            Faults.TryDequeue(out fault);
        if (fault?.Until is { } until)
            await until.Task.WaitAsync(_stop.Token);
        if (fault?.RawReply is { } raw)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(raw), _stop.Token);
            return false;
        }

        if (fault is { Reply: { } reply, DropAfterBytes: null })
        {
            await WriteReplyAsync(stream, reply);
            return true;
        }

        switch (request.Operation)
        {
            case RelayOperation.Fetch:
                return await SendInputAsync(stream, request, fault);
            case RelayOperation.Deliver:
                return await TakeOutputAsync(stream, request, fault);
            default:
                await WriteReplyAsync(stream, new RelayReply { Ok = true });
                return true;
        }
    }

    private async Task<bool> SendInputAsync(NetworkStream stream, RelayRequest request, FakeRelayFault? fault)
    {
        if (!Inputs.TryGetValue(request.Digest!.Value, out var all))
        {
            await WriteReplyAsync(stream, new RelayReply { Ok = false, Code = ErrorCode.MissingBlob, Message = $"There is no input {request.Digest}." });
            return true;
        }

        var rest = all[(int)request.Offset..];
        if (fault is { WrongBytes: true })
            Array.Reverse(rest = [.. rest.Select(b => (byte)(b ^ 0x55))]);
        await WriteReplyAsync(stream, new RelayReply { Ok = true, Length = rest.Length });
        await stream.WriteAsync(rest.AsMemory(0, Math.Min(rest.Length, fault?.DropAfterBytes ?? rest.Length)), _stop.Token);
        return fault?.DropAfterBytes is null;
    }

    private async Task<bool> TakeOutputAsync(NetworkStream stream, RelayRequest request, FakeRelayFault? fault)
    {
        var digest = request.Digest!.Value;
        var have = Delivered.GetValueOrDefault(digest, []);
        await WriteReplyAsync(stream, new RelayReply { Ok = true, Offset = have.Length });
        var rest = new byte[Math.Min(request.Size - have.Length, fault?.DropAfterBytes ?? long.MaxValue)];
        await stream.ReadExactlyAsync(rest, _stop.Token);
        Delivered[digest] = [.. have, .. rest];
        if (fault is { Reply: { } refusal })
            await WriteReplyAsync(stream, refusal);
        if (fault?.DropAfterBytes is not null)
            return false;
        var right = Digest.Of(Delivered[digest]) == digest;
        await WriteReplyAsync(stream, right ? new RelayReply { Ok = true } : new RelayReply { Ok = false, Code = ErrorCode.DigestMismatch, Message = "The bytes do not have the announced digest." });
        return true;
    }

    private async Task WriteReplyAsync(NetworkStream stream, RelayReply reply) =>
        await stream.WriteAsync(new ReadOnlyMemory<byte>([.. JsonSerializer.SerializeToUtf8Bytes(reply, AhoyJson.Default.RelayReply), (byte)'\n']), _stop.Token);

    private async Task<byte[]?> ReadLineAsync(NetworkStream stream)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _stop.Token) == 1)
        {
            if (one[0] == '\n')
                return [.. line];
            line.Add(one[0]);
        }

        return null;
    }
}
