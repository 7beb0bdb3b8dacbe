using Ahoy.Contracts;

namespace Ahoy.Images.Store;

/// <summary>
/// Removal of blobs that nobody uses. A blob's file time says when it was last written or touched; removing goes by that and by
/// what the caller knows of references, and never takes a blob that was touched meanwhile.
/// </summary>
public sealed partial class BlobStore
{
    /// <summary>A file time that is younger is not written again. Removal must leave at least this much.</summary>
    public static readonly TimeSpan TouchInterval = TimeSpan.FromHours(1);

    private readonly Lock _removal = new();

    /// <summary>Says that the blob is about to be used. False when it is not there (any more).</summary>
    public bool Touch(Digest digest, DateTimeOffset now)
    {
        var file = new FileInfo(FileOf(digest));
        if (file.Exists && now.UtcDateTime - file.LastWriteTimeUtc < TouchInterval)
            return true;
        lock (_removal)
        {
            file.Refresh();
            if (!file.Exists)
                return false;
            file.LastWriteTimeUtc = now.UtcDateTime;
            return true;
        }
    }

    /// <summary>Every blob that was neither written nor touched since then.</summary>
    public IReadOnlyList<Digest> UntouchedSince(DateTimeOffset time)
    {
        var digests = new List<Digest>();
        foreach (var file in new DirectoryInfo(_blobs).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc < time.UtcDateTime && Digest.TryParse("sha256:" + file.Name, out var digest))
                digests.Add(digest);
        }

        return digests;
    }

    /// <summary>Removes the blob, unless it was written or touched since then.</summary>
    /// <returns>Bytes that became free; null when it stays, or was not there.</returns>
    public long? Remove(Digest digest, DateTimeOffset untouchedSince)
    {
        lock (_removal)
        {
            var file = new FileInfo(FileOf(digest));
            if (!file.Exists || file.LastWriteTimeUtc >= untouchedSince.UtcDateTime)
                return null;
            var size = file.Length;
            file.Delete();
            return size;
        }
    }
}
