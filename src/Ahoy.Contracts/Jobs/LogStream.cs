using System.Text.Json.Serialization;

namespace Ahoy.Contracts.Jobs;

/// <summary>One of a program's two output streams.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LogStream>))]
public enum LogStream
{
    [JsonStringEnumMemberName("stdout")] Stdout,
    [JsonStringEnumMemberName("stderr")] Stderr,
}
