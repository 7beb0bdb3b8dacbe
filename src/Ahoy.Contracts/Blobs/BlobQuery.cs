namespace Ahoy.Contracts.Blobs;

public sealed record BlobQuery
{
    public required IReadOnlyList<Digest> Digests { get; init; }
}
