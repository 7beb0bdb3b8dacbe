using Ahoy.Contracts.Relay;

namespace Ahoy.Testing;

/// <summary>What the fake relay does wrong with one fetch or deliver request.</summary>
public sealed record FakeRelayFault
{
    /// <summary>Closes the connection after so many raw bytes were sent (fetch) or taken (deliver).</summary>
    public int? DropAfterBytes { get; init; }
    /// <summary>Answers with this instead; with <see cref="DropAfterBytes"/>, after so many bytes of a delivery, and closes.</summary>
    public RelayReply? Reply { get; init; }
    /// <summary>Sends bytes of the right number that are not the right ones.</summary>
    public bool WrongBytes { get; init; }
    /// <summary>Answers with this raw text instead.</summary>
    public string? RawReply { get; init; }
    /// <summary>Answers only when this is set, or the relay ends.</summary>
    public TaskCompletionSource? Until { get; init; }
}
