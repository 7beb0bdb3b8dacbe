using Ahoy.Contracts;
using Ahoy.Runtimes.Oci;

namespace Ahoy.Runtimes;

/// <summary>The runtimes that there are.</summary>
public static class ContainerRuntimes
{
    /// <summary>The names, in the order in which they are tried where the configuration names none.</summary>
    public static IReadOnlyList<string> Names { get; } = ["crun", "runc"];

    /// <summary>Makes a runtime; whether it can be used on this host is for <see cref="IContainerRuntime.ProbeAsync"/> to say.</summary>
    /// <param name="name">Of <see cref="Names"/>.</param>
    /// <param name="stateDirectory">Holds unpacked images and containers, on a local file system, for this daemon alone. Several runtimes may share one.</param>
    /// <param name="layerBytes">Unpacked layers above this sum that nothing uses are removed, those unused longest first; null: never.</param>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/>: no such runtime.</exception>
    public static IContainerRuntime Create(string name, string stateDirectory, long? layerBytes) =>
        RuntimeProgram.Find(name) is { } program
            ? new OciRuntime(program, stateDirectory, layerBytes)
            : throw new AhoyException(ErrorCode.InvalidRequest, $"There is no container runtime \"{name}\". Known: {string.Join(", ", Names)}.");
}
