namespace Ahoy.SystemTests.EndToEnd;

/// <summary>A system that root started.</summary>
public sealed class RootSystem() : SharedSystem(asRoot: true);
