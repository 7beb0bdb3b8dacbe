namespace Ahoy.Contracts.Images;

/// <summary>Gives a name to a manifest whose blobs (manifest, config, layers) have been uploaded.</summary>
public sealed record ImageRegistration
{
    public required string Name { get; init; }
    public required ImageKind Kind { get; init; }
    public required Digest Manifest { get; init; }
}
