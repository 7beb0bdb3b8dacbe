using Ahoy.Agent.Configuration;
using Ahoy.Runtimes;

namespace Ahoy.Agent;

/// <summary>What this agent runs on, found out once at its start.</summary>
internal sealed record AgentHost
{
    /// <summary>The name that the master gave it.</summary>
    public required string Name { get; init; }
    public required AgentOptions Options { get; init; }
    public required IContainerRuntime Runtime { get; init; }
    /// <summary>Also those that the configuration does not name (any more): an earlier process may have left containers there.</summary>
    public required IReadOnlyList<IContainerRuntime> AllRuntimes { get; init; }
    public required RuntimeStatus RuntimeStatus { get; init; }
    /// <summary>The ahoy executable that becomes the wrapper in every container.</summary>
    public required string Executable { get; init; }
    public required string StateDirectory { get; init; }

    public string AttemptsDirectory => Path.Combine(StateDirectory, "attempts");
    public string JournalDirectory => Path.Combine(StateDirectory, "journal");
}
