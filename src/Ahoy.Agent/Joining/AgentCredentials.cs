namespace Ahoy.Agent.Joining;

/// <summary>What an agent got when it joined. The token carries the fingerprint of the CA that the agent trusts.</summary>
internal sealed record AgentCredentials
{
    public required Uri Master { get; init; }
    public required string Name { get; init; }
    public required string Token { get; init; }
}
