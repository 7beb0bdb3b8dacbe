namespace Ahoy.Contracts.Access;

public sealed record WhoAmI
{
    public required string User { get; init; }
    public required string Role { get; init; }
    public DateTimeOffset? TokenExpires { get; init; }
    public required string MasterVersion { get; init; }
}
