using System.Text.Json;
using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Client.Transfers;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Units;

namespace Ahoy.Client.Jobs;

/// <summary>Brings a job's inputs to the master and submits it.</summary>
internal sealed class Submission(ClientContext context, MasterApi api)
{
    private const int LargestBatch = 1000;
    // Far below what the master takes in one call.
    private const int BatchBytes = 4 << 20;

    /// <param name="request">Without inputs.</param>
    /// <param name="files">Absolute path on this machine by path in the scratch directory.</param>
    public async Task<JobView> SubmitAsync(JobRequest request, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        var complete = await WithInputsAsync(request, files, cancellationToken);
        // One key for all repetitions of this call: a lost answer never makes a second job.
        return await api.SubmitAsync(complete, Guid.NewGuid().ToString("N"), cancellationToken);
    }

    /// <summary>Submits the same job once per index; the inputs travel once.</summary>
    /// <returns>The jobs' ids, in the order of the indices.</returns>
    public async Task<IReadOnlyList<JobId>> SubmitArrayAsync(JobRequest request, ArrayRange range, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        var complete = await WithInputsAsync(request, files, cancellationToken);
        var ids = new List<JobId>(range.Count);
        // A request with many inputs is long.
        var batch = Math.Clamp(BatchBytes / JsonSerializer.SerializeToUtf8Bytes(complete, AhoyJson.Default.JobRequest).Length, 1, LargestBatch);
        foreach (var indices in Enumerable.Range(range.First, range.Count).Chunk(batch))
        {
            try
            {
                ids.AddRange(await api.SubmitBatchAsync([.. indices.Select(index => complete with { ArrayIndex = index })], Guid.NewGuid().ToString("N"), cancellationToken));
            }
            catch (AhoyException e) when (ids.Count > 0)
            {
                throw new AhoyException(e.Code, $"The indices {range.First}-{indices[0] - 1} were submitted, as jobs {ArrayRange.Text(ids)}; {indices[0]} and above were not: {e.Message}", e, e.Transient);
            }
        }

        return ids;
    }

    /// <summary>The request with its inputs, which are at the master then.</summary>
    private async Task<JobRequest> WithInputsAsync(JobRequest request, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        var cache = new DigestCache(context.Paths.Cache, TimeProvider.System);
        var inputs = new List<JobInput>();
        var blobs = new List<LocalBlob>();
        foreach (var (place, path) in files)
        {
            var blob = await cache.DigestAsync(path, cancellationToken);
            blobs.Add(blob);
            inputs.Add(new JobInput { Path = place, Digest = blob.Digest, Size = blob.Size, Executable = blob.Stamp.Executable });
        }

        cache.Save();
        if (blobs.Count > 0)
        {
            var sent = await ProgressLine.RunAsync(context.Terminal, "Uploading inputs", progress => new BlobUploader(api, progress).UploadAsync(blobs, cancellationToken));
            if (sent > 0 && context.Terminal.InteractiveError)
                context.Terminal.Note($"Uploaded {ByteSize.Format(sent)} of inputs.");
        }

        return request with { Inputs = inputs };
    }
}
