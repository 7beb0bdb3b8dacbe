namespace Ahoy.Images.Capture;

/// <summary>A symbolic link: where it lies (its directory without links) and its target as written.</summary>
public sealed record SymbolicLink(string Path, string Target);
