using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Agents;

/// <summary>Some bytes of a program's output. A repeated chunk (same offset) is harmless.</summary>
public sealed record LogChunk
{
    public required LogStream Stream { get; init; }
    /// <summary>Position of the first byte in the attempt's stream.</summary>
    public required long Offset { get; init; }
    public required byte[] Bytes { get; init; }
}
