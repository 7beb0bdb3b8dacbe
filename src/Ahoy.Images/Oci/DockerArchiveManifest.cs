using System.Text.Json.Serialization;

namespace Ahoy.Images.Oci;

/// <summary>One image of the manifest.json in a "docker save" archive (moby, image/spec/spec.md, "Combined Image JSON + Filesystem Changeset Format").</summary>
public sealed record DockerArchiveManifest
{
    /// <summary>Path of the config in the archive.</summary>
    [JsonPropertyName("Config")] public required string Config { get; init; }
    [JsonPropertyName("RepoTags")] public IReadOnlyList<string>? RepoTags { get; init; }
    /// <summary>Paths of the layers' tar files in the archive, lowest first.</summary>
    [JsonPropertyName("Layers")] public required IReadOnlyList<string> Layers { get; init; }
}
