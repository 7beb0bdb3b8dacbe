namespace Ahoy.Contracts.Images;

public sealed record ImageList
{
    public required IReadOnlyList<ImageView> Images { get; init; }
}
