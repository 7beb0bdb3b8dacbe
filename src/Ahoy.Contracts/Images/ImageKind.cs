using System.Text.Json.Serialization;

namespace Ahoy.Contracts.Images;

[JsonConverter(typeof(JsonStringEnumConverter<ImageKind>))]
public enum ImageKind
{
    /// <summary>An operating system environment. One that a manager made has a name that is unique on the master, and every user can build on it; others are their owner's alone.</summary>
    [JsonStringEnumMemberName("base")] Base,
    /// <summary>A base with a user's programs. Its name is unique among its owner's.</summary>
    [JsonStringEnumMemberName("application")] Application,
}
