using System.CommandLine;

namespace Ahoy.Agent;

/// <summary>`ahoy agent …`.</summary>
public static class AgentCommand
{
    public static Command Create() => new("agent", "Runs jobs on this host.");
}
