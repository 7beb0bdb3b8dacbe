using System.Text.Json.Serialization;

namespace Ahoy.Contracts.Relay;

/// <summary>What the wrapper asks of the agent.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RelayOperation>))]
public enum RelayOperation
{
    /// <summary>Asks for an input's bytes from <see cref="RelayRequest.Offset"/>. The reply's <see cref="RelayReply.Length"/> bytes follow it.</summary>
    [JsonStringEnumMemberName("fetch")] Fetch,
    /// <summary>Offers an output of <see cref="RelayRequest.Size"/> bytes. The reply says from which offset; those bytes follow; a second reply confirms, always, also when nothing was missing.</summary>
    [JsonStringEnumMemberName("deliver")] Deliver,
    /// <summary>Tells that the attempt is now RUNNING or DELIVERING.</summary>
    [JsonStringEnumMemberName("phase")] Phase,
}
