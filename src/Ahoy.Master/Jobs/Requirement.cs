using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Master.Jobs;

/// <summary>What matching looks at. Jobs with equal requirements are one line of the queue.</summary>
internal sealed record Requirement(int Cpus, long MemoryBytes, long? WallTimeSeconds, string LabelText)
{
    public static Requirement Of(JobRequest request) => new(
        request.Resources.Cpus,
        request.Resources.MemoryBytes,
        request.Resources.WallTimeSeconds,
        // One text instead of a dictionary: records then compare by value.
        string.Join('\n', request.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}")));

    /// <summary>Why an agent, even when idle, can't run this; null when it can.</summary>
    public string? Obstacle(AgentCapabilities agent)
    {
        if (Cpus > agent.Cpus)
            return $"needs {Cpus} cpus, has {agent.Cpus}";
        if (MemoryBytes > agent.MemoryBytes)
            return $"needs {Contracts.Units.ByteSize.Format(MemoryBytes)} of memory, has {Contracts.Units.ByteSize.Format(agent.MemoryBytes)}";
        if (agent.MaxWallTimeSeconds is { } longest && WallTimeSeconds > longest)
            return $"needs {WallTimeSeconds} s of wall time, allows {longest} s";
        var missing = LabelText.Length == 0 ? null : LabelText.Split('\n').FirstOrDefault(label => !HasLabel(agent, label));
        return missing is null ? null : $"lacks the label {missing}";
    }

    private static bool HasLabel(AgentCapabilities agent, string label)
    {
        var equals = label.IndexOf('=', StringComparison.Ordinal);
        return agent.Labels.TryGetValue(label[..equals], out var value) && value == label[(equals + 1)..];
    }
}
