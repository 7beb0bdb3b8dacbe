namespace Ahoy.Contracts.Blobs;

/// <summary>How far an upload has come. Send the rest from <see cref="Offset"/>.</summary>
public sealed record UploadView
{
    public required Digest Digest { get; init; }
    /// <summary>Bytes that the receiver has on disk.</summary>
    public required long Offset { get; init; }
    public required bool Complete { get; init; }
}
