using System.Text.Json.Serialization;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Relay;

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

/// <summary>
/// The relay protocol on the job's unix socket: each message is one line of JSON (UTF-8, "\n" at the end, at most 64 KiB),
/// some are followed by raw bytes as said at <see cref="RelayOperation"/>. One request at a time per connection; any number of connections.
/// A side that sees something else closes the connection.
/// </summary>
public sealed record RelayRequest
{
    public required RelayOperation Operation { get; init; }
    public Digest? Digest { get; init; }
    public long Offset { get; init; }
    /// <summary>Bytes of the whole output, for deliver.</summary>
    public long Size { get; init; }
    public JobState? Phase { get; init; }
}
