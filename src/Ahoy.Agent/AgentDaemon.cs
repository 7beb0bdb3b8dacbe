using Ahoy.Agent.Attempts;
using Ahoy.Agent.Configuration;
using Ahoy.Agent.Contact;
using Ahoy.Agent.Joining;
using Ahoy.Contracts;
using Ahoy.Runtimes;
using Microsoft.Extensions.Logging;

namespace Ahoy.Agent;

/// <summary>
/// `ahoy agent run`: one process that holds this host's attempts. When it is told to end (SIGTERM) it only stops contacting the master;
/// containers run on and are found again by the next start.
/// </summary>
internal sealed class AgentDaemon(AgentOptions options, StateDirectory state, string executable, Func<string, IContainerRuntime> createRuntime, TimeProvider time, ILogger logger)
{
    /// <param name="onReady">Called with the agent's name after its first contact.</param>
    public async Task RunAsync(AgentCredentials credentials, Action<string> onReady, CancellationToken cancellationToken)
    {
        var (runtime, status) = await ChooseRuntimeAsync(cancellationToken);
        var host = new AgentHost
        {
            Name = credentials.Name,
            Options = options,
            Runtime = runtime,
            AllRuntimes = [runtime, .. ContainerRuntimes.Names.Where(name => name != runtime.Name).Select(createRuntime)],
            RuntimeStatus = status,
            Executable = executable,
            StateDirectory = state.Path,
        };
        using var master = new MasterClient(credentials.Master, AgentMembership.Token(credentials));
        var news = new Signal();
        var board = new AttemptBoard(host, master, news, time, logger, cancellationToken);
        try
        {
            await board.RecoverAsync(cancellationToken);
            await new ContactLoop(master, board, host, state.NextProcess(time), news, time, logger).RunAsync(() => onReady(credentials.Name), cancellationToken);
        }
        finally
        {
            // The attempts' tasks end by the same token; a cleaning that has begun is finished.
            if (cancellationToken.IsCancellationRequested)
                await board.QuiesceAsync();
        }
    }

    private async Task<(IContainerRuntime Runtime, RuntimeStatus Status)> ChooseRuntimeAsync(CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        foreach (var name in options.Runtimes)
        {
            var runtime = createRuntime(name);
            var status = await runtime.ProbeAsync(cancellationToken);
            if (status.Usable)
                return (runtime, status);
            reasons.Add($"{name}: {status.Reason}");
        }

        throw new AhoyException(ErrorCode.RuntimeFailed, $"No container runtime can be used on this host:\n  {string.Join("\n  ", reasons)}");
    }
}
