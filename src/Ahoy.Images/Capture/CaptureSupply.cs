using System.Text.Json.Serialization;

namespace Ahoy.Images.Capture;

/// <summary>How a need is met.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CaptureSupply>))]
public enum CaptureSupply
{
    /// <summary>The base image has it.</summary>
    [JsonStringEnumMemberName("base")] Base,
    [JsonStringEnumMemberName("package")] Package,
    /// <summary>Into the image, by capture.</summary>
    [JsonStringEnumMemberName("copied")] Copied,
    /// <summary>Into the image, because the user named it.</summary>
    [JsonStringEnumMemberName("added")] Added,
    /// <summary>With the job, to the same path relative to the working directory.</summary>
    [JsonStringEnumMemberName("input")] Input,
    [JsonStringEnumMemberName("unmet")] Unmet,
    /// <summary>It exists, but looks like a secret and is not taken along.</summary>
    [JsonStringEnumMemberName("refused")] Refused,
}
