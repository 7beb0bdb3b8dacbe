using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Master.Jobs;

namespace Ahoy.Master.Agents;

/// <summary>Which blobs belong to an attempt: its image's, and its inputs. An agent gets no others, whatever digests it knows.</summary>
internal sealed class AttemptBlobs(BlobStore blobs)
{
    private readonly ConcurrentDictionary<Digest, IReadOnlySet<Digest>> _ofImage = new();
    // A job may have 100,000 inputs, each of which is asked for.
    private readonly ConditionalWeakTable<JobRequest, HashSet<Digest>> _inputs = [];

    /// <exception cref="AhoyException"><see cref="ErrorCode.MissingBlob"/> when it is not one of them.</exception>
    public async Task RequireAsync(JobRow job, Digest digest, CancellationToken cancellationToken)
    {
        if (_inputs.GetValue(job.Request, static request => request.Inputs.Select(input => input.Digest).ToHashSet()).Contains(digest))
            return;
        if (!(await PartsAsync(job.Image, cancellationToken)).Contains(digest))
            throw new AhoyException(ErrorCode.MissingBlob, $"{digest} is neither part of the image nor an input of job {job.Id}.");
    }

    /// <summary>Every blob of an image: what its digest names, manifest, config, layers.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.MissingBlob"/> when its manifest is not there.</exception>
    public async Task<IReadOnlySet<Digest>> PartsAsync(Digest image, CancellationToken cancellationToken)
    {
        if (_ofImage.TryGetValue(image, out var known))
            return known;
        var read = await ImageReader.ReadAsync(image, blobs, cancellationToken);
        return _ofImage[image] = new HashSet<Digest>([image, read.Digest, read.Manifest.Config.Digest, .. read.Manifest.Layers.Select(layer => layer.Digest)]);
    }
}
