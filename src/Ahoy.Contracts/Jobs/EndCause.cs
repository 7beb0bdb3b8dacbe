using System.Text.Json.Serialization;

namespace Ahoy.Contracts.Jobs;

/// <summary>Why a job ended otherwise than COMPLETE. Fixed words that scripts can rely on.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EndCause>))]
public enum EndCause
{
    [JsonStringEnumMemberName("exit_code")] ExitCode,
    [JsonStringEnumMemberName("signal")] Signal,
    [JsonStringEnumMemberName("memory_limit")] MemoryLimit,
    [JsonStringEnumMemberName("wall_time_limit")] WallTimeLimit,
    [JsonStringEnumMemberName("missing_output")] MissingOutput,
    /// <summary>The program could not be started: not found (exit code 127) or not executable (126).</summary>
    [JsonStringEnumMemberName("cannot_start")] CannotStart,
    [JsonStringEnumMemberName("canceled")] Canceled,
    [JsonStringEnumMemberName("input_failed")] InputFailed,
    [JsonStringEnumMemberName("output_failed")] OutputFailed,
    [JsonStringEnumMemberName("image_failed")] ImageFailed,
    [JsonStringEnumMemberName("runtime_failed")] RuntimeFailed,
    [JsonStringEnumMemberName("wrapper_lost")] WrapperLost,
    [JsonStringEnumMemberName("host_lost")] HostLost,
    [JsonStringEnumMemberName("disk_full")] DiskFull,
    [JsonStringEnumMemberName("refused_by_site")] RefusedBySite,
}
