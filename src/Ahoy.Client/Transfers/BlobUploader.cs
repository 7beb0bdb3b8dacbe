using Ahoy.Client.Api;
using Ahoy.Contracts;
using Ahoy.Contracts.Blobs;
using Ahoy.Images.Store;

namespace Ahoy.Client.Transfers;

/// <summary>
/// Brings files to the master, of which only those travel that it lacks: small ones many in one stream, large ones each by itself,
/// going on where a broken upload stopped.
/// </summary>
internal sealed class BlobUploader(MasterApi api, IProgress<TransferProgress> progress)
{
    private const int DigestsPerQuery = 1000;
    private const int SmallerThan = 256 * 1024;
    private const long BatchBytes = 64L << 20;

    private long _total;
    private long _done;

    /// <returns>How many bytes had to travel.</returns>
    /// <exception cref="AhoyException">A file changed meanwhile (<see cref="ErrorCode.Conflict"/>), or the master refused or can't be reached.</exception>
    public async Task<long> UploadAsync(IEnumerable<LocalBlob> blobs, CancellationToken cancellationToken)
    {
        var byDigest = new Dictionary<Digest, LocalBlob>();
        foreach (var blob in blobs)
        {
            byDigest.TryAdd(blob.Digest, blob);
        }

        var missing = await FindMissingAsync(byDigest, cancellationToken);
        _total = missing.Sum(blob => blob.Size);
        foreach (var batch in Batches(missing.Where(blob => blob.Size < SmallerThan)))
        {
            await api.UploadBatchAsync(() => new SmallBlobsContent(batch, Sent), cancellationToken);
        }

        foreach (var blob in missing.Where(blob => blob.Size >= SmallerThan))
        {
            await UploadLargeAsync(blob, cancellationToken);
        }

        return _total;
    }

    private async Task<List<LocalBlob>> FindMissingAsync(Dictionary<Digest, LocalBlob> blobs, CancellationToken cancellationToken)
    {
        var missing = new List<LocalBlob>();
        foreach (var digests in blobs.Keys.Chunk(DigestsPerQuery))
        {
            var answer = await api.FindMissingAsync(new BlobQuery { Digests = digests }, cancellationToken);
            missing.AddRange(answer.Missing.Select(digest => blobs[digest]));
        }

        return missing;
    }

    private static IEnumerable<IReadOnlyList<LocalBlob>> Batches(IEnumerable<LocalBlob> blobs)
    {
        var batch = new List<LocalBlob>();
        long bytes = 0;
        foreach (var blob in blobs)
        {
            if (bytes + blob.Size > BatchBytes || batch.Count == BlobStore.MaxBatchEntries)
            {
                yield return batch;
                batch = [];
                bytes = 0;
            }

            batch.Add(blob);
            bytes += blob.Size;
        }

        if (batch.Count > 0)
            yield return batch;
    }

    private Task<bool> UploadLargeAsync(LocalBlob blob, CancellationToken cancellationToken) =>
        api.RetryAsync(
            async token =>
            {
                try
                {
                    return await AppendRestAsync(blob, token);
                }
                catch (AhoyException e) when (e.Code is ErrorCode.OffsetMismatch or ErrorCode.Conflict && !e.Transient && FileStamp.Of(blob.Path) == blob.Stamp)
                {
                    // Another upload of the same blob by the same user is ahead or under way: look again where it stands.
                    throw new AhoyException(e.Code, e.Message, e, transient: true);
                }
            },
            cancellationToken);

    private async Task<bool> AppendRestAsync(LocalBlob blob, CancellationToken cancellationToken)
    {
        var offset = await OffsetAsync(blob, cancellationToken);
        if (offset is null)
            return true;
        blob.CheckUnchanged();
        try
        {
            var view = await api.AppendUploadAsync(blob.Digest, blob.Size, offset.Value, new FileRestContent(blob, offset.Value, Sent), cancellationToken);
            if (!view.Complete)
                throw new AhoyException(ErrorCode.Unavailable, $"The upload of {blob.Path} stopped at byte {view.Offset} of {blob.Size}. Repeat the command; it goes on there.", null, transient: true);
            return true;
        }
        catch (AhoyException e) when (e.Code == ErrorCode.DigestMismatch)
        {
            blob.CheckUnchanged();
            throw new AhoyException(e.Code, $"{blob.Path} arrived damaged: {e.Message} Repeat the command.", e);
        }
    }

    /// <summary>Where to go on; null when the blob is there completely.</summary>
    private async Task<long?> OffsetAsync(LocalBlob blob, CancellationToken cancellationToken)
    {
        try
        {
            var view = await api.GetUploadAsync(blob.Digest, cancellationToken);
            return view.Complete ? null : view.Offset;
        }
        catch (AhoyException e) when (e.Code is ErrorCode.NotFound or ErrorCode.MissingBlob)
        {
            return 0;
        }
    }

    private void Sent(long bytes) => progress.Report(new TransferProgress(_done += bytes, _total));
}
