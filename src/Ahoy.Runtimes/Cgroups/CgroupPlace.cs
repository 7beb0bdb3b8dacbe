namespace Ahoy.Runtimes.Cgroups;

/// <summary>A directory below which this process may make cgroups.</summary>
/// <param name="Directory">Absolute path in the cgroup file system.</param>
/// <param name="Unified">True for cgroup v2 (all controllers in one hierarchy), false for a hierarchy of v1.</param>
/// <param name="Controllers">Of "memory", "cpu", "pids": those that can be limited there.</param>
internal sealed record CgroupPlace(string Directory, bool Unified, IReadOnlyList<string> Controllers);
