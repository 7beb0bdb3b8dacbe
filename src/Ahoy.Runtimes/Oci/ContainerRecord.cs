namespace Ahoy.Runtimes.Oci;

/// <summary>What has to be known of a container after a restart and is not in the runtime's own files.</summary>
internal sealed record ContainerRecord
{
    /// <summary>Directories' names in the layer cache, lowest first: they must not be evicted.</summary>
    public required IReadOnlyList<string> Layers { get; init; }
    /// <summary>Later times are cut to this one when the changes are exported.</summary>
    public required DateTimeOffset ImageTime { get; init; }
    /// <summary>Absolute paths in the container over which something of the host is mounted.</summary>
    public required IReadOnlyList<string> MountTargets { get; init; }
    /// <summary>Directories made for this container, one per cgroup hierarchy.</summary>
    public required IReadOnlyList<string> Cgroups { get; init; }
}
