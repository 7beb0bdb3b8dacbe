using Ahoy.Contracts;
using Ahoy.Images.Store;
using Ahoy.Master.Agents;
using Ahoy.Master.Images;
using Ahoy.Master.Storage;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master.Retention;

/// <summary>
/// Removes blobs that nothing refers to. Three things keep a blob that is about to be referred to: who asks for it touches it
/// (<see cref="BlobUsers"/>), only blobs that were not touched for long are looked at, and one is removed only when it was
/// without reference in the collection before, too (a name was taken from an image while somebody was submitting with it).
/// </summary>
internal sealed partial class BlobCollection(BlobStore blobs, ImageCatalog catalog, AttemptBlobs images, Database database, MasterOptions options, TimeProvider time, ILogger<BlobCollection> logger)
{
    private const int Batch = 500;
    private HashSet<Digest> _unreachable = [];

    /// <summary>One collection at a time.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - options.Retention.Unused;
        // In this order: what becomes referenced after the look at the references was touched before.
        var old = blobs.UntouchedSince(since);
        if (old.Count == 0)
            return;
        var referenced = await ReferencedAsync(cancellationToken);
        var unreachable = old.Where(digest => !referenced.Contains(digest)).ToHashSet();
        var removed = new List<Digest>();
        var bytes = 0L;
        foreach (var digest in unreachable.Where(_unreachable.Contains))
        {
            if (blobs.Remove(digest, since) is { } size)
            {
                removed.Add(digest);
                bytes += size;
            }
        }

        foreach (var batch in removed.Chunk(Batch))
        {
            await ForgetAsync(batch);
        }

        _unreachable = unreachable;
        if (removed.Count > 0)
            Log.Removed(logger, removed.Count, bytes);
    }

    private async Task<HashSet<Digest>> ReferencedAsync(CancellationToken cancellationToken)
    {
        var (digests, manifests) = database.Read(connection => (
            connection.Query(
                """
                SELECT DISTINCT json_extract(input.value, '$.digest') FROM jobs, json_each(jobs.request, '$.inputs') AS input WHERE jobs.ended_at IS NULL
                UNION
                SELECT DISTINCT json_extract(output.value, '$.digest') FROM jobs, json_each(jobs.result, '$.outputs') AS output WHERE jobs.results_removed_at IS NULL
                """,
                row => Digest.Parse(row.GetString(0))),
            connection.Query("SELECT DISTINCT image FROM jobs WHERE ended_at IS NULL", row => Digest.Parse(row.GetString(0)))));
        var referenced = digests.ToHashSet();
        foreach (var manifest in manifests.Concat(catalog.Manifests()).Distinct())
        {
            referenced.Add(manifest);
            try
            {
                referenced.UnionWith(await images.PartsAsync(manifest, cancellationToken));
            }
            catch (AhoyException e) when (e.Code == ErrorCode.MissingBlob)
            {
                // Without its manifest it is no image any more; there is nothing left of it to keep.
                Log.Damaged(logger, manifest, e);
            }
        }

        return referenced;
    }

    /// <summary>Takes from the database what says that these blobs are here. One that was uploaded again meanwhile stays: its grant comes after this in the writer's order.</summary>
    private Task<int> ForgetAsync(IReadOnlyList<Digest> digests) => database.WriteAsync(connection =>
    {
        var gone = digests.Where(digest => !blobs.Contains(digest)).Select(digest => $"'{digest}'").ToList();
        if (gone.Count == 0)
            return 0;
        // Digests are hexadecimal digits, so they can stand in the text.
        var list = string.Join(',', gone);
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            DELETE FROM blob_users WHERE digest IN ({list});
            DELETE FROM image_contents WHERE manifest IN ({list});
            DELETE FROM build_results WHERE manifest IN ({list});
            DELETE FROM package_layers WHERE digest IN ({list});
            """;
        return command.ExecuteNonQuery();
    });

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Count} blobs that nothing refers to were removed: {Bytes} bytes")]
        public static partial void Removed(ILogger logger, int count, long bytes);

        [LoggerMessage(2, LogLevel.Error, "The image {Manifest} is in use, but its manifest is not in the store")]
        public static partial void Damaged(ILogger logger, Digest manifest, Exception error);
    }
}
