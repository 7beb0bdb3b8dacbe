using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Agent.Contact;

/// <summary>Reads a blob from the master. When the connection breaks it goes on from where it stood; it gives up after several failures without a byte between them.</summary>
internal sealed class ResumingBlobStream(MasterClient master, AttemptId attempt, Digest digest, long offset, Action<int> read) : Stream
{
    /// <summary>With the growing delays of <see cref="Backoff"/>: about a minute without any progress.</summary>
    private const int MaxFailures = 8;

    private readonly Backoff _backoff = new();
    private HttpResponseMessage? _response;
    private Stream? _body;
    private long _position = offset;
    private long? _end;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Opens the blob, or throws for good: see <see cref="Images.Store.IBlobSource.OpenAsync"/>.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                _response = await master.GetBlobAsync(attempt, digest, _position, cancellationToken);
                _body = await _response.Content.ReadAsStreamAsync(cancellationToken);
                if (_response.Content.Headers.ContentLength is { } rest)
                    _end = _position + rest;
                return;
            }
            catch (AhoyException e) when (e.Transient && _backoff.Failures < MaxFailures)
            {
                await Task.Delay(_backoff.Next(), cancellationToken);
            }
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_body is null)
                await ConnectAsync(cancellationToken);
            try
            {
                var count = await _body!.ReadAsync(buffer, cancellationToken);
                if (count == 0 && buffer.Length > 0 && _end is { } end && _position < end)
                    throw new IOException($"The connection ended after {_position} of {end} bytes.");
                _position += count;
                if (count > 0)
                    _backoff.Reset();
                read(count);
                return count;
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                Disconnect();
                if (_backoff.Failures >= MaxFailures)
                    throw new AhoyException(ErrorCode.Unavailable, $"Blob {digest} could not be read beyond byte {_position}: {e.Message}", e, transient: true);
                await Task.Delay(_backoff.Next(), cancellationToken);
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("Blobs come over the network: read them asynchronously.");

    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        Disconnect();
        base.Dispose(disposing);
    }

    private void Disconnect()
    {
        _response?.Dispose();
        _response = null;
        _body = null;
    }
}
