using System.Text.Json.Serialization;

namespace Ahoy.Contracts.Builds;

/// <summary>What an entry of a files layer is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BuildFileType>))]
public enum BuildFileType
{
    [JsonStringEnumMemberName("file")] File,
    [JsonStringEnumMemberName("directory")] Directory,
    [JsonStringEnumMemberName("symlink")] Symlink,
}
