using System.CommandLine;
using Ahoy.Client.Access;
using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Units;

namespace Ahoy.Client.Local;

/// <summary>`ahoy up` and `ahoy down`.</summary>
internal static class UpCommand
{
    public static Command Create(ClientContext context)
    {
        var format = Options.Format();
        var command = new ExampleCommand("up", "Starts a master and an agent on this machine, for you, and logs you in. Needs no root.", "ahoy up");
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var system = new LocalSystem(context.Paths.Data);
            using var held = system.Lock();
            var wasUp = system.Master is not null && system.Agent is not null;
            if (system.Master is null)
                await system.StartMasterAsync(cancellationToken);
            var credentials = system.Credentials();
            using var api = MasterApi.Create(credentials);
            await api.WhoAmIAsync(cancellationToken);
            LogIn(context, credentials);
            if (system.Agent is null)
                await system.StartAgentAsync(api, cancellationToken);

            var agents = await api.ListAgentsAsync(cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
            {
                context.Terminal.WriteJson(agents);
                return 0;
            }

            context.Terminal.WriteLine(wasUp ? $"Already up: the master at {api.Url}." : $"The master is ready at {api.Url}.");
            foreach (var agent in agents.Agents.Where(agent => agent.Alive))
            {
                context.Terminal.WriteLine(Describe(agent));
            }

            return 0;
        });
        return command;
    }

    public static Command CreateDown(ClientContext context)
    {
        var command = new ExampleCommand("down", "Stops the master and the agent that `ahoy up` has started. Jobs and images stay; `ahoy up` goes on with them.", "ahoy down");
        command.SetAction(async (_, cancellationToken) =>
        {
            var system = new LocalSystem(context.Paths.Data);
            using var held = system.Lock();
            if (system.Master is null && system.Agent is null)
            {
                context.Terminal.Note("Nothing to stop: no master and no agent of yours run here.");
                return 0;
            }

            var left = system.Master is null ? null : await LeftJobsAsync(system, cancellationToken);
            await system.StopAsync(cancellationToken);
            context.Terminal.Note("Stopped the master and the agent." + left);
            return 0;
        });
        return command;
    }

    private static string Describe(AgentView agent) =>
        $"Agent {agent.Name}: {agent.Capabilities.Cpus} cpus, {ByteSize.Format(agent.Capabilities.MemoryBytes)} memory, {agent.Capabilities.Runtime}, memory limits {Limits(agent.Capabilities)}.";

    private static string Limits(AgentCapabilities has) =>
        has.Enforcement == "enforced" ? has.Enforcement : "are watched, not enforced by the kernel: see `ahoy agents --format json`";

    /// <summary>The next commands go to the master here. A login to another one is not lost silently.</summary>
    private static void LogIn(ClientContext context, Credentials credentials)
    {
        var before = context.Credentials.Stored();
        if (before == credentials)
            return;
        if (before is not null && before.Url != credentials.Url)
        {
            var kept = context.Credentials.KeepPrevious();
            context.Terminal.Note($"Commands now go to the master of this machine. Your login to {before.Url} is kept in {kept}.");
        }

        context.Credentials.Save(credentials);
    }

    private static async Task<string> LeftJobsAsync(LocalSystem system, CancellationToken cancellationToken)
    {
        const int Most = 10_000;
        using var api = MasterApi.Create(system.Credentials());
        try
        {
            var active = (await api.ListJobsAsync(activeOnly: true, Most, cancellationToken)).Jobs;
            var queued = active.Count(job => job.State == Contracts.Jobs.JobState.Queued);
            var running = active.Count - queued;
            return running switch
            {
                0 => "",
                1 => " 1 job goes on in its container without them, and `ahoy up` takes it up again; `ahoy cancel` before `ahoy down` ends it.",
                _ => $" {running} jobs go on in their containers without them, and `ahoy up` takes them up again; `ahoy cancel` before `ahoy down` ends them.",
            } + (queued == 0 ? "" : $" Queued jobs: {queued}; they wait for `ahoy up`.");
        }
        catch (Contracts.AhoyException e)
        {
            // Stopping must work with a master that is unwell, too.
            return $" Which jobs are left is not known: {e.Message}";
        }
    }
}
