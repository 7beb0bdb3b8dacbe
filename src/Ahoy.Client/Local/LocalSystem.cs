using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ahoy.Client.Access;
using Ahoy.Client.Api;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;

namespace Ahoy.Client.Local;

/// <summary>The master and the one agent that `ahoy up` runs for this user on this machine, and the folder in which they live.</summary>
internal sealed class LocalSystem(string directory)
{
    private string MasterData => Path.Combine(directory, "master");

    private string AgentState => Path.Combine(directory, "agent");

    private string ManagerToken => Path.Combine(MasterData, "manager.token");

    private string JoinToken => Path.Combine(directory, "join.token");

    private string PortFile => Path.Combine(directory, "port");

    public string MasterLog => Path.Combine(directory, "master.log");

    public string AgentLog => Path.Combine(directory, "agent.log");

    private string MasterPid => Path.Combine(directory, "master.pid");

    private string AgentPid => Path.Combine(directory, "agent.pid");

    public DaemonProcess? Master => DaemonProcess.Find(MasterPid);

    public DaemonProcess? Agent => DaemonProcess.Find(AgentPid);

    /// <summary>Held while daemons are started or stopped, so that two commands at once do not start them twice.</summary>
    /// <exception cref="AhoyException">Another command holds it.</exception>
    public FileStream Lock()
    {
        PrivateFile.MakeDirectory(directory);
        try
        {
            return new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new AhoyException(ErrorCode.Conflict, $"Another `ahoy up` or `ahoy down` is at work in {directory}. Wait for it, then repeat the command.", e, transient: true);
        }
    }

    public async Task StartMasterAsync(CancellationToken cancellationToken)
    {
        var port = ChoosePort();
        await DaemonStart.RunAsync("master", ["master", "serve", "--data", MasterData, "--listen", $"127.0.0.1:{port}"], MasterPid, MasterLog, cancellationToken);
        await File.WriteAllTextAsync(PortFile, port.ToString(CultureInfo.InvariantCulture), cancellationToken);
    }

    /// <summary>How to talk to the master that runs here, as its manager.</summary>
    public Credentials Credentials()
    {
        if (!File.Exists(ManagerToken))
            throw new AhoyException(ErrorCode.Unauthorized, $"The master here left no token in {ManagerToken}. Its log is {MasterLog}.");
        return new Credentials { Url = $"https://127.0.0.1:{File.ReadAllText(PortFile).Trim()}", Token = File.ReadAllText(ManagerToken).Trim() };
    }

    /// <summary>Starts the agent and waits until the master has heard from it.</summary>
    public async Task<AgentView> StartAgentAsync(MasterApi api, CancellationToken cancellationToken)
    {
        var join = await api.CreateTokenAsync(new TokenRequest { Kind = AccessToken.Join }, cancellationToken);
        PrivateFile.Write(JoinToken, System.Text.Encoding.UTF8.GetBytes(join.Token));
        try
        {
            var name = await DaemonStart.RunAsync(
                "agent",
                ["agent", "run", "--state", AgentState, "--master", api.Url, "--join-token-file", JoinToken],
                AgentPid,
                AgentLog,
                cancellationToken);
            return await FindAgentAsync(api, name, cancellationToken)
                ?? throw new AhoyException(ErrorCode.Unavailable, $"The agent {name} says it is ready, but the master has not heard of it. Its log is {AgentLog}.");
        }
        finally
        {
            File.Delete(JoinToken);
        }
    }

    /// <summary>The agent of that name when it is in contact.</summary>
    private static async Task<AgentView?> FindAgentAsync(MasterApi api, string name, CancellationToken cancellationToken) =>
        (await api.ListAgentsAsync(cancellationToken)).Agents.FirstOrDefault(agent => agent.Name == name && agent.Alive);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // The agent first: it tells the master what it still knows.
        if (Agent is { } agent)
            await agent.StopAsync("agent", AgentLog, cancellationToken);
        File.Delete(AgentPid);
        if (Master is { } master)
            await master.StopAsync("master", MasterLog, cancellationToken);
        File.Delete(MasterPid);
    }

    /// <summary>The port of last time, which logins remember; the first time any free one.</summary>
    private int ChoosePort()
    {
        var remembered = File.Exists(PortFile) ? int.Parse(File.ReadAllText(PortFile), NumberStyles.AllowTrailingWhite | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) : 0;
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // As the master will listen: connections of its predecessor that have not timed out do not count.
        probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, remembered));
            probe.Listen(1);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AhoyException(
                ErrorCode.Unavailable,
                $"Port {remembered} of 127.0.0.1, on which the master here listens, is taken by another program. Stop that program (`ss -ltnp 'sport = :{remembered}'` shows it), or delete {PortFile} to let the master have another port.",
                e);
        }

        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
