namespace Ahoy.Runtimes;

/// <summary>Finds a container again: its name, from which everything else on disk is derived.</summary>
public readonly record struct ContainerHandle(string Name);
