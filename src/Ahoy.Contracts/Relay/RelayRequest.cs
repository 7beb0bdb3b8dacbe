using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Relay;

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
