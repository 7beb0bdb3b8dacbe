namespace Ahoy.Contracts.Blobs;

/// <summary>Those of the asked digests that this user must upload before using them. The rest need not travel.</summary>
public sealed record BlobAnswer
{
    public required IReadOnlyList<Digest> Missing { get; init; }
}
