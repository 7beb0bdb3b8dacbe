using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Agents;

/// <summary>All that an agent needs to run one attempt. Blobs (manifest, config, layers, inputs) are fetched from the attempt's own routes.</summary>
public sealed record AttemptOrder
{
    public required JobId Job { get; init; }
    public required int Attempt { get; init; }
    /// <summary>The user; for the site's policy and its audit record.</summary>
    public required string Owner { get; init; }
    public required JobRequest Request { get; init; }
    /// <summary>Digest of the image's manifest.</summary>
    public required Digest Image { get; init; }
}
