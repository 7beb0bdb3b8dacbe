using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;

namespace Ahoy.Agent.Contact;

/// <summary>Blobs of one attempt from the master: layers, manifest, config and inputs.</summary>
internal sealed class AttemptBlobSource(MasterClient master, AttemptId attempt) : IBlobSource
{
    public Task<Stream> OpenAsync(Digest digest, CancellationToken cancellationToken) => OpenAsync(digest, 0, cancellationToken);

    /// <summary>The blob's bytes from <paramref name="offset"/> on; the stream survives broken connections.</summary>
    public async Task<Stream> OpenAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        var stream = new ResumingBlobStream(master, attempt, digest, offset);
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
}
