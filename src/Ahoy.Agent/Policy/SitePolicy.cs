using Ahoy.Agent.Configuration;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Units;

namespace Ahoy.Agent.Policy;

/// <summary>What the site lets jobs do on this host. Decided here, whatever the master says.</summary>
internal sealed class SitePolicy(AgentOptions options)
{
    /// <summary>Null when the order may run; else the reason, for the user to read.</summary>
    public string? Refusal(AttemptOrder order)
    {
        var request = order.Request;
        if (options.AllowedUsers is { Count: > 0 } users && !users.Contains(order.Owner))
            return $"This site does not run jobs of user {order.Owner}. Its administrator lists who may: allowed_users in agent.toml.";
        if (options.AllowedImages is { Count: > 0 } images && !images.Any(pattern => NamePattern.Matches(pattern, request.Image)))
            return $"This site does not run image {request.Image}. It allows {string.Join(", ", images)} (allowed_images in agent.toml).";
        if (request.Resources.Cpus > options.Cpus)
            return $"The job asks for {request.Resources.Cpus} cpus; this site gives at most {options.Cpus}.";
        if (request.Resources.MemoryBytes > options.MemoryBytes)
            return $"The job asks for {ByteSize.Format(request.Resources.MemoryBytes)} of memory; this site gives at most {ByteSize.Format(options.MemoryBytes)}.";
        if (request.Resources.WallTimeSeconds is { } wanted && options.MaxWallTime is { } most && wanted > most.TotalSeconds)
            return $"The job asks for {Durations.Format(Seconds(wanted))}; this site gives at most {Durations.Format(most)}.";
        return null;
    }

    /// <summary>The same for what the host has left beside the attempts that run; null when there is room.</summary>
    public string? NoRoom(AttemptOrder order, IEnumerable<AttemptOrder> running)
    {
        var (cpus, memory) = (order.Request.Resources.Cpus, order.Request.Resources.MemoryBytes);
        foreach (var other in running)
        {
            cpus += other.Request.Resources.Cpus;
            memory += other.Request.Resources.MemoryBytes;
        }

        return cpus <= options.Cpus && memory <= options.MemoryBytes
            ? null
            : $"The host is full: with this job its jobs would use {cpus} of {options.Cpus} cpus and {ByteSize.Format(memory)} of {ByteSize.Format(options.MemoryBytes)} memory.";
    }

    /// <summary>The longest time that the program may run: what it asks for, else what the site gives; null when neither says.</summary>
    public TimeSpan? WallTime(AttemptOrder order) =>
        order.Request.Resources.WallTimeSeconds is { } seconds ? Seconds(seconds) : options.MaxWallTime;

    /// <summary>A number of the master, at most a hundred years: more would overflow where times are added.</summary>
    private static TimeSpan Seconds(long seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 100L * 365 * 24 * 3600));
}
