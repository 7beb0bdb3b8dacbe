namespace Ahoy.Contracts.Agents;

public sealed record AgentList
{
    public required IReadOnlyList<AgentView> Agents { get; init; }
}
