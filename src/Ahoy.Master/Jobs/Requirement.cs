using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Master.Jobs;

/// <summary>What matching looks at. Jobs with equal requirements are one line of the queue.</summary>
/// <param name="Owner">Sites choose their users.</param>
/// <param name="Image">And the images, by name.</param>
/// <param name="LabelText">All labels as one text: records then compare by value.</param>
/// <param name="LostBy">The agent that lost the job's last attempt: another is to try first.</param>
internal sealed record Requirement(string Owner, string Image, int Cpus, long MemoryBytes, long? WallTimeSeconds, string LabelText, string? LostBy)
{
    public static Requirement Of(JobRow job) => Of(job.Owner, job.Request, job.LostBy);

    public static Requirement Of(string owner, JobRequest request, string? lostBy) => new(
        owner,
        request.Image,
        request.Resources.Cpus,
        request.Resources.MemoryBytes,
        request.Resources.WallTimeSeconds,
        string.Join('\n', request.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}")),
        lostBy);

    /// <summary>Why an agent, even when idle, can't run this; null when it can.</summary>
    public string? Obstacle(AgentCapabilities agent)
    {
        if (agent.AllowedUsers.Count > 0 && !agent.AllowedUsers.Contains(Owner))
            return $"its site does not run jobs of user {Owner}";
        if (agent.AllowedImages.Count > 0 && !agent.AllowedImages.Any(pattern => NamePattern.Matches(pattern, Image)))
            return $"its site does not run the image {Image}";
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
