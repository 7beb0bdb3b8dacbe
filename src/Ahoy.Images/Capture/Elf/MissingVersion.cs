namespace Ahoy.Images.Capture.Elf;

/// <summary>A symbol version that <paramref name="Library"/> (a path) lacks and <paramref name="RequestedBy"/> (a path) needs.</summary>
public sealed record MissingVersion(string RequestedBy, string Library, string Version);
