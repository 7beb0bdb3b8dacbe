namespace Ahoy.Runtimes.Oci;

/// <summary>In what crun and runc differ.</summary>
internal sealed record RuntimeProgram
{
    private RuntimeProgram()
    {
    }

    /// <summary>"crun" or "runc".</summary>
    public required string Name { get; init; }
    private IReadOnlyList<string> GlobalOptions { get; init; } = [];
    private IReadOnlyList<string> RunOptions { get; init; } = [];

    /// <summary>False: a user namespace of the container must map id 0.</summary>
    public required bool MapsAnyUser { get; init; }

    /// <summary>
    /// True: the program makes a cgroup below the one it was started in, which cgroup v2 does not allow beside the program itself;
    /// there it is told a path instead.
    /// </summary>
    public required bool MakesCgroups { get; init; }

    /// <summary>The mount option that makes everything below a mount read-only too (mount_setattr, Linux 5.12).</summary>
    public string RecursiveReadOnly { get; } = OperatingSystem.IsOSPlatformVersionAtLeast("Linux", 5, 12) ? "rro" : "ro";

    /// <summary>Null for a name that is neither.</summary>
    public static RuntimeProgram? Find(string name) => name switch
    {
        // crun ignores limits that it can't set, and removes the cgroup with its counters: so it is kept out of that.
        "crun" => new() { Name = name, GlobalOptions = ["--cgroup-manager=disabled"], MapsAnyUser = true, MakesCgroups = false },
        // --keep: the cgroup's counters are read after the end.
        "runc" => new() { Name = name, RunOptions = ["--keep"], MapsAnyUser = false, MakesCgroups = true },
        _ => null,
    };

    public IReadOnlyList<string> RunArguments(string stateDirectory, ContainerDirectory container) =>
    [
        "--root", stateDirectory, "--log", container.RuntimeLog, .. GlobalOptions,
        "run", "--bundle", container.Path, "--pid-file", container.PidFile, .. RunOptions, container.Name,
    ];
}
