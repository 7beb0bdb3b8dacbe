using Ahoy.Contracts;

namespace Ahoy.Runtimes;

/// <summary>A container to start. Everything not said here is as closed as it can be: no capabilities, no new privileges, seccomp, private namespaces, masked /proc.</summary>
public sealed record ContainerSpec
{
    public const int UsualPidsLimit = 4096;

    /// <summary>Unique on this host, letters, digits, "." and "-": "job-42.1", "build-7".</summary>
    public required string Name { get; init; }
    /// <summary>Manifest of an image that was prepared.</summary>
    public required Digest Image { get; init; }
    /// <summary>Executable (absolute path) and arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }
    /// <summary>The first process's whole environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public string WorkingDirectory { get; init; } = "/";
    /// <summary>False: uid and gid 1000. True: 0 inside a user namespace (or, when this process is real root, with Docker's default capabilities): for package builds.</summary>
    public bool Root { get; init; }
    public IReadOnlyList<ContainerMount> Mounts { get; init; } = [];
    public ContainerNetwork Network { get; init; }
    /// <summary>Bytes; null: no limit.</summary>
    public long? MemoryBytes { get; init; }
    /// <summary>Null: no limit.</summary>
    public int? Cpus { get; init; }
    public int PidsLimit { get; init; } = UsualPidsLimit;
    /// <summary>Size of /dev/shm in bytes; null: <see cref="MemoryBytes"/>, or half of the host's memory without that.</summary>
    public long? SharedMemoryBytes { get; init; }
    /// <summary>File on the host that gets the first process's standard output and error.</summary>
    public required string OutputFile { get; init; }
}
