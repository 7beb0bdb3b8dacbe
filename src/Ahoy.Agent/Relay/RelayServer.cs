using System.Collections.Concurrent;
using System.Net.Sockets;
using Ahoy.Agent.Attempts;
using Ahoy.Agent.Contact;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Microsoft.Extensions.Logging;

namespace Ahoy.Agent.Relay;

/// <summary>
/// The job's unix socket: the wrapper's only way to the master, for this attempt's inputs and outputs alone (protocol: <see cref="Contracts.Relay.RelayRequest"/>).
/// Whatever comes from the socket may come from the user's program as well.
/// </summary>
internal sealed partial class RelayServer : IAsyncDisposable
{
    private const int MaxConnections = 32;

    private readonly Attempt _attempt;
    private readonly MasterClient _master;
    private readonly ILogger _logger;
    private readonly Action _onPhase;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly ConcurrentDictionary<Digest, long> _delivered = new();
    private readonly Func<CancellationToken, ValueTask<Socket>> _accept;
    private readonly HashSet<Digest> _begun = [];
    private readonly Task _accepting;

    private RelayServer(Attempt attempt, MasterClient master, Action onPhase, ILogger logger, Func<CancellationToken, ValueTask<Socket>>? accept)
    {
        _attempt = attempt;
        _master = master;
        _onPhase = onPhase;
        _logger = logger;
        Listen(attempt.Paths.RelayDirectory);
        _accept = accept ?? (token => _listener.AcceptAsync(token));
        _accepting = AcceptAsync();
    }

    /// <param name="attempt">Whose socket it is.</param>
    /// <param name="master">Where inputs come from and outputs go to.</param>
    /// <param name="onPhase">Called when the wrapper has told a phase.</param>
    /// <param name="logger">The agent's log.</param>
    /// <param name="accept">In a test: gives the connections instead of the socket.</param>
    public static RelayServer Start(Attempt attempt, MasterClient master, Action onPhase, ILogger logger, Func<CancellationToken, ValueTask<Socket>>? accept = null) =>
        new(attempt, master, onPhase, logger, accept);

    /// <summary>True when the master has these bytes as an output of this attempt.</summary>
    public async Task<bool> WasDeliveredAsync(OutputFile output, CancellationToken cancellationToken)
    {
        if (_delivered.TryGetValue(output.Digest, out var size))
            return size == output.Size;
        // An agent that was started anew has not seen the delivery.
        var upload = await _master.GetUploadAsync(_attempt.Id, output.Digest, cancellationToken);
        return upload.Complete && upload.Offset == output.Size;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _closing.Dispose();
    }

    private void Listen(string directory)
    {
        // A path of a socket has at most 107 bytes (unix(7)); through the folder's descriptor it is short wherever the state directory is.
        using var folder = DirectoryHandle.Open(directory);
        var path = Path.Combine(directory, "relay.sock");
        File.Delete(path);
        _listener.Bind(new SocketPath($"/proc/self/fd/{folder.DangerousGetHandle()}/relay.sock"));
        // The container's user is another one; the folder above lets nobody else of this host through.
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        _listener.Listen(MaxConnections);
    }

    /// <summary>Until this is closed. One connection that can't be taken (its other side is gone, this process has no descriptor left) is no reason to take none any more.</summary>
    private async Task AcceptAsync()
    {
        var failures = new Backoff();
        while (true)
        {
            try
            {
                Admit(await _accept(_closing.Token));
                failures.Reset();
            }
            catch (Exception e) when (_closing.IsCancellationRequested && e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                Log.NotAccepted(_logger, _attempt.Id, e.Message);
                // The wrapper tries again as well.
                await Task.Delay(failures.Next(), _closing.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }

    private void Admit(Socket socket)
    {
        if (_connections.Count >= MaxConnections)
        {
            socket.Dispose();
            return;
        }

        var connection = ServeAsync(socket);
        _connections[connection] = true;
        _ = connection.ContinueWith(done => _connections.TryRemove(done, out _), TaskScheduler.Default);
    }

    private async Task ServeAsync(Socket socket)
    {
        // The accepting loop must not run a connection's first steps itself.
        await Task.Yield();
        try
        {
            using var connection = new RelayConnection(socket);
            await new RelaySession(_attempt, _master, connection, _delivered, _begun, _onPhase).RunAsync(_closing.Token);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            Log.Closed(_logger, _attempt.Id);
        }
        catch (Exception e) when (e is IOException or SocketException or AhoyException)
        {
            Log.Broken(_logger, _attempt.Id, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Attempt {Attempt}: relay connection closed")]
        public static partial void Closed(ILogger logger, AttemptId attempt);

        [LoggerMessage(3, LogLevel.Warning, "Attempt {Attempt}: a relay connection could not be accepted: {Reason}")]
        public static partial void NotAccepted(ILogger logger, AttemptId attempt, string reason);

        [LoggerMessage(2, LogLevel.Information, "Attempt {Attempt}: relay connection ended: {Reason}")]
        public static partial void Broken(ILogger logger, AttemptId attempt, string reason);
    }
}
