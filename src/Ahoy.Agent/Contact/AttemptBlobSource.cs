using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;

namespace Ahoy.Agent.Contact;

/// <summary>Blobs of one attempt from the master: layers, manifest, config and inputs.</summary>
/// <param name="master">Where they come from.</param>
/// <param name="attempt">For which.</param>
/// <param name="pulled">Told as bytes arrive, once it is known how many will; null for who does not ask.</param>
internal sealed class AttemptBlobSource(MasterClient master, AttemptId attempt, Action<PullProgress>? pulled) : IBlobSource
{
    private long _done;
    private long _total;

    public void Expect(long bytes) => _total = bytes;

    public Task<Stream> OpenAsync(Digest digest, CancellationToken cancellationToken) => OpenAsync(digest, 0, cancellationToken);

    /// <summary>The blob's bytes from <paramref name="offset"/> on; the stream survives broken connections.</summary>
    public async Task<Stream> OpenAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        var stream = new ResumingBlobStream(master, attempt, digest, offset, Count);
        try
        {
            await stream.ConnectAsync(cancellationToken);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private void Count(int bytes)
    {
        // Manifest and configuration come before, and do not count.
        if (_total == 0 || pulled is null)
            return;
        var done = Interlocked.Add(ref _done, bytes);
        pulled(new PullProgress { Done = Math.Min(done, _total), Total = _total });
    }
}
