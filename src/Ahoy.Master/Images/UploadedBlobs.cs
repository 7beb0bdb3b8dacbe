using Ahoy.Contracts;
using Ahoy.Images.Store;

namespace Ahoy.Master.Images;

/// <summary>The store as one user sees it: a manifest that names somebody else's blob reads like one that names nothing.</summary>
internal sealed class UploadedBlobs(string user, BlobUsers users, BlobStore blobs) : IBlobSource
{
    public Task<Stream> OpenAsync(Digest digest, CancellationToken cancellationToken)
    {
        users.Require(user, [digest]);
        return blobs.OpenAsync(digest, cancellationToken);
    }
}
