using Ahoy.Contracts;

namespace Ahoy.Images.Store;

/// <summary>Where blobs (manifests, configs, layers) come from: the store on this disk, or the master over the network.</summary>
public interface IBlobSource
{
    /// <summary>Opens the blob's bytes. The reader checks the digest; a source need not.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.MissingBlob"/> when there is no such blob; transient when the source can't be reached now.</exception>
    Task<Stream> OpenAsync(Digest digest, CancellationToken cancellationToken);

    /// <summary>Says how many bytes of layers will be asked for in all, before they are; for sources that show their progress.</summary>
    void Expect(long bytes)
    {
    }
}
