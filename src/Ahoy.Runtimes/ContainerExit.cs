namespace Ahoy.Runtimes;

/// <summary>How a container ended, as its runtime saw it.</summary>
public sealed record ContainerExit
{
    /// <summary>Of the first process; 128 + signal when a signal ended it. Null when nobody saw it end (this process was not there).</summary>
    public int? ExitCode { get; init; }
    /// <summary>True when the kernel killed something in the container for its memory limit.</summary>
    public bool OutOfMemory { get; init; }
    /// <summary>Highest memory use of the whole container; null where no cgroup measures it. Bytes.</summary>
    public long? PeakMemoryBytes { get; init; }
    /// <summary>What the runtime itself printed; empty when all went well.</summary>
    public string RuntimeOutput { get; init; } = "";
}
