namespace Ahoy.Contracts.Access;

public sealed record TokenResponse
{
    public required string Id { get; init; }
    /// <summary>Shown once; the master keeps a hash only.</summary>
    public required string Token { get; init; }
    public required DateTimeOffset Expires { get; init; }
}
