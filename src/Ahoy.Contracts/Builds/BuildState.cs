using System.Text.Json.Serialization;

namespace Ahoy.Contracts.Builds;

/// <summary>Where a build is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BuildState>))]
public enum BuildState
{
    [JsonStringEnumMemberName("RUNNING")] Running,
    [JsonStringEnumMemberName("COMPLETE")] Complete,
    [JsonStringEnumMemberName("FAILED")] Failed,
}
