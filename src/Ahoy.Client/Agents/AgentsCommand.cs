using System.CommandLine;
using Ahoy.Client.Output;
using Ahoy.Contracts.Units;

namespace Ahoy.Client.Agents;

/// <summary>`ahoy agents`: the hosts that run jobs.</summary>
internal static class AgentsCommand
{
    public static Command Create(ClientContext context)
    {
        var format = Options.Format();
        var command = new ExampleCommand("agents", "Lists the agents: what they have, what is in use, and when they were last in contact.", "ahoy agents");
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var list = await api.ListAgentsAsync(cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
            {
                context.Terminal.WriteJson(list);
                return 0;
            }

            var table = new TextTable("NAME", "STATE", "CONTACT", "JOBS", "CPUS", "MEMORY", "RUNTIME", "LIMITS", "LABELS");
            foreach (var agent in list.Agents)
            {
                var has = agent.Capabilities;
                table.Add(
                    agent.Name,
                    !agent.Alive ? "lost" : agent.Draining ? "draining" : agent.PausedUntil is not null ? "paused" : "alive",
                    Ages.Since(agent.LastContact) + " ago",
                    agent.Jobs.ToString(),
                    $"{agent.UsedCpus}/{has.Cpus}",
                    $"{ByteSize.Format(agent.UsedMemoryBytes)}/{ByteSize.Format(has.MemoryBytes)}",
                    has.Runtime,
                    // "watched: " and a long reason; the whole text is in the JSON form.
                    has.Enforcement.Split(':')[0],
                    has.Labels.Count == 0 ? "-" : string.Join(',', has.Labels.Select(label => $"{label.Key}={label.Value}")));
            }

            table.Print(context.Terminal);
            return 0;
        });
        return command;
    }
}
