using System.Text.Json.Serialization;

namespace Ahoy.Contracts.Jobs;

/// <summary>Where a job is. Each state corresponds to one state of GA4GH TES 1.1 (tesState).</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobState>))]
public enum JobState
{
    /// <summary>Accepted, on disk, waiting for an agent. TES: QUEUED.</summary>
    [JsonStringEnumMemberName("QUEUED")] Queued,
    /// <summary>Given to an agent that has not said yet that it has begun. TES: INITIALIZING.</summary>
    [JsonStringEnumMemberName("ASSIGNED")] Assigned,
    /// <summary>The agent gets the image; the wrapper gets the inputs. TES: INITIALIZING.</summary>
    [JsonStringEnumMemberName("PREPARING")] Preparing,
    /// <summary>The program runs. TES: RUNNING.</summary>
    [JsonStringEnumMemberName("RUNNING")] Running,
    /// <summary>The program has ended; its outputs travel. TES: RUNNING.</summary>
    [JsonStringEnumMemberName("DELIVERING")] Delivering,
    /// <summary>Canceled by its user; the agent has not confirmed it yet. TES: CANCELING.</summary>
    [JsonStringEnumMemberName("CANCELING")] Canceling,
    /// <summary>Ended with exit code 0 and all its outputs. TES: COMPLETE.</summary>
    [JsonStringEnumMemberName("COMPLETE")] Complete,
    /// <summary>The program's fault: exit code, signal, limit exceeded, missing output. TES: EXECUTOR_ERROR.</summary>
    [JsonStringEnumMemberName("FAILED")] Failed,
    /// <summary>Not the program's fault: image, staging, host. TES: SYSTEM_ERROR.</summary>
    [JsonStringEnumMemberName("SYSTEM_ERROR")] SystemError,
    /// <summary>Canceled. TES: CANCELED.</summary>
    [JsonStringEnumMemberName("CANCELED")] Canceled,
}
