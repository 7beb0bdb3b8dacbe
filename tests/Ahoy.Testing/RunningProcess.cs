namespace Ahoy.Testing;

/// <summary>A process that <see cref="ProcessTable"/> found.</summary>
public sealed record RunningProcess(int Id, string CommandLine);
