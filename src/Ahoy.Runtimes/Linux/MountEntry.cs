namespace Ahoy.Runtimes.Linux;

/// <summary>One mount.</summary>
/// <param name="Root">The directory within the file system that is mounted.</param>
/// <param name="Target">Where it is mounted.</param>
/// <param name="Type">"ext4", "overlay", "cgroup2".</param>
/// <param name="Options">Of the file system itself; for cgroup v1 they name its controllers.</param>
internal sealed record MountEntry(string Root, string Target, string Type, IReadOnlyList<string> Options);
