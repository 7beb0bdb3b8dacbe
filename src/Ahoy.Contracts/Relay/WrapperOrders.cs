using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Relay;

/// <summary>
/// What the wrapper is to do: the file /ahoy/orders.json in the container, mounted read-only.
/// The folder /ahoy also holds relay.sock (the job's unix socket, served by the agent), and /ahoy/out, the one folder
/// in which the wrapper leaves things for the agent: "stdout", "stderr" (the program's output) and, last of all, "result.json".
/// </summary>
public sealed record WrapperOrders
{
    // Properties with a default are "set", not "init": the source-generated reader gives every init property a value,
    // null or 0 when the JSON does not hold it, and the default would be lost.

    public const string Directory = "/ahoy";
    public const string OrdersFile = "/ahoy/orders.json";
    public const string RelaySocket = "/ahoy/relay/relay.sock";
    public const string OutDirectory = "/ahoy/out";
    public const string ResultFileName = "result.json";
    /// <summary>The scratch directory: working directory of the program, inputs and outputs are relative to it.</summary>
    public const string ScratchDirectory = "/scratch";
    /// <summary>Where the agent mounts the ahoy executable.</summary>
    public const string Executable = "/ahoy/ahoy";

    /// <summary>Executable and arguments; never empty.</summary>
    public required IReadOnlyList<string> Command { get; init; }
    /// <summary>The program's whole environment: image, job and AHOY_* variables merged by the agent.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }
    public string WorkingDirectory { get; set; } = ScratchDirectory;
    public IReadOnlyList<JobInput> Inputs { get; set; } = [];
    public IReadOnlyList<JobOutput> Outputs { get; set; } = [];
    /// <summary>Set when nobody else enforces it: the wrapper watches its process tree and ends the program above it. Bytes.</summary>
    public long? WatchMemoryBytes { get; init; }
    /// <summary>Set when nobody else enforces it: above this number of processes the wrapper kills the program.</summary>
    public int? WatchProcesses { get; init; }
    public long? WallTimeSeconds { get; init; }
    /// <summary>Seconds between SIGTERM and SIGKILL.</summary>
    public int GraceSeconds { get; set; } = 5;
    /// <summary>How many bytes of each output stream are kept; what comes after is counted and dropped. </summary>
    public long MaxLogBytes { get; set; } = 1L << 30;
}
