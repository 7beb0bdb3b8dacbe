using System.Text.Json.Serialization;
using Ahoy.Contracts;

namespace Ahoy.Images.Oci;

/// <summary>OCI image specification, config.md: what a container of the image is to look like.</summary>
public sealed record ImageConfig
{
    public DateTimeOffset? Created { get; init; }
    public required string Architecture { get; init; }
    public required string Os { get; init; }
    public ContainerConfig? Config { get; init; }
    public required RootFileSystem Rootfs { get; init; }
    public IReadOnlyList<HistoryEntry>? History { get; init; }

    /// <summary>config.md, "config": execution parameters. The names are upper-case in the specification.</summary>
    public sealed record ContainerConfig
    {
        [JsonPropertyName("User")] public string? User { get; init; }
        [JsonPropertyName("Env")] public IReadOnlyList<string>? Env { get; init; }
        [JsonPropertyName("Entrypoint")] public IReadOnlyList<string>? Entrypoint { get; init; }
        [JsonPropertyName("Cmd")] public IReadOnlyList<string>? Cmd { get; init; }
        [JsonPropertyName("WorkingDir")] public string? WorkingDir { get; init; }
        [JsonPropertyName("Labels")] public IReadOnlyDictionary<string, string>? Labels { get; init; }
    }

    public sealed record RootFileSystem
    {
        public string Type { get; init; } = "layers";
        [JsonPropertyName("diff_ids")] public required IReadOnlyList<Digest> DiffIds { get; init; }
    }

    public sealed record HistoryEntry
    {
        public DateTimeOffset? Created { get; init; }
        [JsonPropertyName("created_by")] public string? CreatedBy { get; init; }
        public string? Comment { get; init; }
        [JsonPropertyName("empty_layer")] public bool? EmptyLayer { get; init; }
    }
}
