using System.CommandLine;
using Ahoy.Agent.Configuration;
using Ahoy.Agent.Joining;
using Ahoy.Contracts;
using Ahoy.Runtimes;

namespace Ahoy.Agent;

/// <summary>`ahoy agent …`.</summary>
public static class AgentCommand
{
    /// <summary>As in Docker: Ahoy itself failed.</summary>
    private const int OwnFailure = 125;

    private static readonly Option<string?> State = new("--state") { Description = "Folder of this agent: credentials, journal, containers, layers.", HelpName = "DIR" };
    private static readonly Option<string?> Configuration = new("--config") { Description = "Configuration file. Default: ~/.config/ahoy/agent.toml, /etc/ahoy/agent.toml.", HelpName = "FILE" };

    public static Command Create() => new("agent", "Runs jobs on this host.") { Join(), Run() };

    private static Command Join()
    {
        var url = new Argument<Uri>("URL") { Description = "Address of the master, such as https://master.example.org:7443." };
        var tokenFile = new Option<string>("--token-file") { Description = "File with a join token (`ahoy token create --kind join`).", Required = true, HelpName = "FILE" };
        var name = new Option<string?>("--name") { Description = "How people see this agent. Default: the host's name." };
        var command = new Command("join", "Makes this host an agent of a master. Example: ahoy agent join https://master:7443 --token-file join.token") { url, tokenFile, name, State };
        command.SetAction((parsed, cancellationToken) => GuardAsync(async () =>
        {
            using var state = StateDirectory.Open(parsed.GetValue(State) ?? StateDirectory.Default());
            var token = AgentMembership.ReadToken(parsed.GetValue(tokenFile)!);
            var credentials = await new AgentMembership(state.Path).JoinAsync(
                parsed.GetValue(url)!, token, parsed.GetValue(name) ?? AgentConfiguration.Load(null).Name, cancellationToken);
            Console.WriteLine($"Joined {credentials.Master} as {credentials.Name}. Start the agent with `ahoy agent run`.");
        }));
        return command;
    }

    private static Command Run()
    {
        var url = new Option<Uri?>("--master") { Description = "Address of the master, when it is not the one that was joined.", HelpName = "URL" };
        var tokenFile = new Option<string?>("--join-token-file") { Description = "Join first with this token, unless this agent has joined that master already.", HelpName = "FILE" };
        var logFile = new Option<string?>("--log-file") { Description = "Where to write what happens. Default: standard error.", HelpName = "FILE" };
        var command = new Command("run", "Runs the agent until it is told to end (SIGTERM). Its jobs run on; the next start finds them. Example: ahoy agent run") { Configuration, State, url, tokenFile, logFile };
        command.SetAction((parsed, cancellationToken) => GuardAsync(async () =>
        {
            var options = AgentConfiguration.Load(parsed.GetValue(Configuration));
            var stateDirectory = parsed.GetValue(State) ?? StateDirectory.Default();
            EnterNamespace(stateDirectory);
            using var state = StateDirectory.Open(stateDirectory);
            var credentials = await new AgentMembership(state.Path).EnsureAsync(parsed.GetValue(url), parsed.GetValue(tokenFile), options.Name, cancellationToken);
            var logger = LineLogger.Open(parsed.GetValue(logFile), TimeProvider.System);
            var daemon = new AgentDaemon(options, state, Environment.ProcessPath!, name => CreateRuntime(name, state.Path), TimeProvider.System, logger);
            await daemon.RunAsync(credentials, name => Console.WriteLine($"ready {name}"), cancellationToken);
        }));
        return command;
    }

    // SEAM to Ahoy.Runtimes, 1 of 2: the daemon re-executes itself inside its namespaces here, before it holds any file or lock.
    private static void EnterNamespace(string stateDirectory)
    {
        _ = stateDirectory;
    }

    // SEAM to Ahoy.Runtimes, 2 of 2: ContainerRuntimes.Create(name, Path.Combine(stateDirectory, "runtime")).
    private static IContainerRuntime CreateRuntime(string name, string stateDirectory) =>
        throw new AhoyException(ErrorCode.NotSupported, $"Runtime {name} is not built in ({stateDirectory}).");

    private static async Task<int> GuardAsync(Func<Task> action)
    {
        try
        {
            await action();
            return 0;
        }
        catch (OperationCanceledException)
        {
            // SIGTERM or SIGINT: that is how a daemon ends.
            return 0;
        }
        catch (AhoyException e)
        {
            await Console.Error.WriteLineAsync($"ahoy agent: {e.Message}");
            return OwnFailure;
        }
    }
}
