namespace Ahoy.Images.Capture;

/// <summary>Where a path leads: the final path without symbolic links, and every link that was crossed on the way, in order.</summary>
public sealed record PathTrace(string Path, IReadOnlyList<SymbolicLink> Links);
