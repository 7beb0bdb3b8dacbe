namespace Ahoy.Runtimes;

/// <summary>A file or directory of the host that the container sees. A directory that is not read-only must be writable for the container's user; <see cref="Owned"/> makes it so.</summary>
public sealed record ContainerMount
{
    /// <summary>Absolute path on the host.</summary>
    public required string Source { get; init; }
    /// <summary>Absolute path in the container; made when the image lacks it.</summary>
    public required string Target { get; init; }
    public bool ReadOnly { get; init; }
    /// <summary>Give the directory itself (not what it holds) to the container's user before the start.</summary>
    public bool Owned { get; init; }
}
