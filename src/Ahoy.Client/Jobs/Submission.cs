using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Client.Transfers;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Units;

namespace Ahoy.Client.Jobs;

/// <summary>Brings a job's inputs to the master and submits it.</summary>
internal sealed class Submission(ClientContext context, MasterApi api)
{
    /// <param name="request">Without inputs.</param>
    /// <param name="files">Absolute path on this machine by path in the scratch directory.</param>
    public async Task<JobView> SubmitAsync(JobRequest request, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
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

        // One key for all repetitions of this call: a lost answer never makes a second job.
        return await api.SubmitAsync(request with { Inputs = inputs }, Guid.NewGuid().ToString("N"), cancellationToken);
    }
}
