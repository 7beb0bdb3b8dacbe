namespace Ahoy.Contracts.Jobs;

/// <summary>How far an agent is with getting an image: bytes of the blobs that it lacked, as they travel.</summary>
public sealed record PullProgress
{
    public required long Done { get; init; }
    public required long Total { get; init; }
}
