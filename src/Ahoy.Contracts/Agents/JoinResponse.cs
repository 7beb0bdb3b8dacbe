namespace Ahoy.Contracts.Agents;

public sealed record JoinResponse
{
    /// <summary>The agent's name, made unique by the master.</summary>
    public required string Name { get; init; }
    public required string Token { get; init; }
}
