using Ahoy.Contracts;

namespace Ahoy.Images.Oci;

/// <summary>An image's documents, checked against their digests.</summary>
/// <param name="Digest">Of the manifest's bytes as they came.</param>
/// <param name="Manifest">Its layers, lowest first.</param>
/// <param name="Config">One DiffID for each layer.</param>
public sealed record Image(Digest Digest, ImageManifest Manifest, ImageConfig Config);
