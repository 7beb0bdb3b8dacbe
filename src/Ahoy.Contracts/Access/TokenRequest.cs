namespace Ahoy.Contracts.Access;

/// <summary>Asks for a token: a manager for any user, a user for themselves; join tokens are the manager's.</summary>
public sealed record TokenRequest
{
    /// <summary>"user" or "join".</summary>
    public required string Kind { get; init; }
    /// <summary>Whose token, for kind "user"; made when the name is new. Null: the caller's own.</summary>
    public string? User { get; init; }
    /// <summary>Seconds from now; null: 90 days for users, one hour for join tokens.</summary>
    public long? LifetimeSeconds { get; init; }
}
