namespace Ahoy.Runtimes.Cgroups;

/// <summary>What a container's cgroups counted.</summary>
/// <param name="OutOfMemory">The kernel killed a process for the memory limit.</param>
/// <param name="PeakMemoryBytes">Highest use of all its processes together; null where no memory cgroup holds it.</param>
internal sealed record CgroupUse(bool OutOfMemory, long? PeakMemoryBytes);
