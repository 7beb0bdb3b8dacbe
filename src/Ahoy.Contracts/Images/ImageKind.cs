using System.Text.Json.Serialization;

namespace Ahoy.Contracts.Images;

[JsonConverter(typeof(JsonStringEnumConverter<ImageKind>))]
public enum ImageKind
{
    /// <summary>An operating system environment. Its name is unique on the master; every user can build on it.</summary>
    [JsonStringEnumMemberName("base")] Base,
    /// <summary>A base with a user's programs. Its name is unique among its owner's.</summary>
    [JsonStringEnumMemberName("application")] Application,
}
