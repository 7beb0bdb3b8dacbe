using System.CommandLine;
using Ahoy.Agent.Configuration;
using Ahoy.Agent.Joining;
using Ahoy.Contracts;
using Ahoy.Runtimes;
using Ahoy.Runtimes.Namespaces;

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
        var url = new Argument<Uri?>("URL") { CustomParser = Url, Description = "Address of the master, such as https://master.example.org:7443." };
        var tokenFile = new Option<string>("--token-file") { Description = "File with a join token (`ahoy token create --join`).", Required = true, HelpName = "FILE" };
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
        var url = new Option<Uri?>("--master") { CustomParser = Url, Description = "Address of the master, when it is not the one that was joined.", HelpName = "URL" };
        var tokenFile = new Option<string?>("--join-token-file") { Description = "Join first with this token, unless this agent has joined that master already.", HelpName = "FILE" };
        var logFile = new Option<string?>("--log-file") { Description = "Where to write what happens. Default: standard error.", HelpName = "FILE" };
        var command = new Command("run", "Runs the agent until it is told to end (SIGTERM). Its jobs run on; the next start finds them. Example: ahoy agent run") { Configuration, State, url, tokenFile, logFile };
        command.SetAction((parsed, cancellationToken) => GuardAsync(async () =>
        {
            var configuration = FullPath(parsed.GetValue(Configuration));
            var options = AgentConfiguration.Load(configuration);
            var stateDirectory = FullPath(parsed.GetValue(State)) ?? StateDirectory.Default();
            var join = FullPath(parsed.GetValue(tokenFile));
            var log = FullPath(parsed.GetValue(logFile));
            // Everything is resolved now: inside its namespaces an ordinary user's process looks like root's.
            EnterNamespaces(
                [
                    "agent", "run", "--state", stateDirectory,
                    .. Given("--config", configuration), .. Given("--master", parsed.GetValue(url)?.ToString()), .. Given("--join-token-file", join), .. Given("--log-file", log),
                ],
                ContainerDirectory(stateDirectory));

            using var state = StateDirectory.Open(stateDirectory);
            var credentials = await new AgentMembership(state.Path).EnsureAsync(parsed.GetValue(url), join, options.Name, cancellationToken);
            var logger = LineLogger.Open(log, TimeProvider.System);
            var containers = ContainerDirectory(state.Path);
            var daemon = new AgentDaemon(
                options, state, Environment.ProcessPath!, name => ContainerRuntimes.Create(name, containers, options.LayerCacheBytes), TimeProvider.System, logger);
            // The one line that who started this agent waits for.
            await daemon.RunAsync(credentials, name => Console.WriteLine($"ready {name}"), cancellationToken);
        }));
        return command;
    }

    /// <summary>Replaces this process by itself inside its namespaces; returns there, before it has opened anything.</summary>
    private static void EnterNamespaces(IReadOnlyList<string> again, string containerDirectory)
    {
        if (DaemonNamespace.Enter(again, containerDirectory) is { } reason)
            throw new AhoyException(ErrorCode.NotSupported, reason);
    }

    private static string ContainerDirectory(string stateDirectory) => Path.Combine(stateDirectory, "runtime");

    /// <summary>Parsed here, because the command line's own conversion to <see cref="Uri"/> needs reflection.</summary>
    private static Uri? Url(System.CommandLine.Parsing.ArgumentResult argument)
    {
        var text = argument.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps)
            return url;
        argument.AddError($"\"{text}\" is not the address of a master. Write it as https://HOST:PORT.");
        return null;
    }

    private static string[] Given(string option, string? value) => value is null ? [] : [option, value];

    private static string? FullPath(string? path) => path is null ? null : Path.GetFullPath(path);

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
