using Ahoy.Runtimes;

namespace Ahoy.Testing;

/// <summary>What a container of <see cref="FakeRuntime"/> does.</summary>
public sealed record FakeContainer
{
    /// <summary>Runs until this completes; never for a <see cref="TaskCompletionSource"/> that nobody sets. It may write the files that a program would.</summary>
    public Func<ContainerSpec, Task> Run { get; init; } = _ => Task.CompletedTask;
    public int ExitCode { get; init; }
    public string Output { get; init; } = "";
    public bool OutOfMemory { get; init; }
    public long? PeakMemoryBytes { get; init; }
    /// <summary>Ends only by SIGKILL.</summary>
    public bool IgnoresTerm { get; init; }
    /// <summary>The layer that the export of its changes gives.</summary>
    public ReadOnlyMemory<byte> Changes { get; init; } = new byte[1024];
}
