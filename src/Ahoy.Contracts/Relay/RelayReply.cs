namespace Ahoy.Contracts.Relay;

/// <summary>The agent's answer to a <see cref="RelayRequest"/>.</summary>
public sealed record RelayReply
{
    public required bool Ok { get; init; }
    /// <summary>Fetch: bytes that follow this line. Deliver: 0.</summary>
    public long Length { get; init; }
    /// <summary>Deliver: the offset from which the wrapper is to send; equal to the size when nothing is missing.</summary>
    public long Offset { get; init; }
    public ErrorCode? Code { get; init; }
    public string? Message { get; init; }
    /// <summary>When not ok: true when the same request may succeed later.</summary>
    public bool Transient { get; init; }
}
