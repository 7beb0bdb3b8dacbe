using Ahoy.Contracts.Relay;

namespace Ahoy.Agent.Attempts;

/// <summary>Where the things of one attempt lie on the host. The folder itself is for the agent's user alone; the container sees parts of it as mounts.</summary>
internal sealed record AttemptPaths(string Directory)
{
    public string OrdersFile => Path.Combine(Directory, "orders.json");
    public string RelayDirectory => Path.Combine(Directory, "relay");
    /// <summary>Written by the container's user: nothing in it may be trusted.</summary>
    public string OutDirectory => Path.Combine(Directory, "out");
    public string ScratchDirectory => Path.Combine(Directory, "scratch");
    public string ResultFile => Path.Combine(OutDirectory, WrapperOrders.ResultFileName);
    public string StdoutFile => Path.Combine(OutDirectory, "stdout");
    public string StderrFile => Path.Combine(OutDirectory, "stderr");
    /// <summary>What the wrapper itself and the runtime print: for the administrator.</summary>
    public string ContainerLog => Path.Combine(Directory, "container.log");
    /// <summary>The phase that the wrapper told last, for an agent that is started anew.</summary>
    public string PhaseFile => Path.Combine(Directory, "phase");
    /// <summary>The final report, kept until the master has it.</summary>
    public string EndFile => Path.Combine(Directory, "end.json");
}
