namespace Ahoy.Contracts.Images;

public sealed record LayerView
{
    public required Digest Digest { get; init; }
    /// <summary>Bytes as stored.</summary>
    public required long Size { get; init; }
    /// <summary>What made it: "base", "packages", "dependencies", "files"; null when an imported image does not say.</summary>
    public string? Role { get; init; }
}
