namespace Ahoy.Contracts.Access;

public sealed record TokenView
{
    public required string Id { get; init; }
    public required string Kind { get; init; }
    public string? User { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset Expires { get; init; }
    public bool Revoked { get; init; }
}
