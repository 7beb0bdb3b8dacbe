namespace Ahoy.Contracts.Agents;

/// <summary>Turns a one-use join token (in the Authorization header) into an agent's own token.</summary>
public sealed record JoinRequest
{
    /// <summary>How people will see the agent: its host's name by default.</summary>
    public required string Name { get; init; }
}
