namespace Ahoy.SystemTests.EndToEnd;

/// <summary>A system that an ordinary user started.</summary>
public sealed class OrdinaryUserSystem() : SharedSystem(asRoot: false);
