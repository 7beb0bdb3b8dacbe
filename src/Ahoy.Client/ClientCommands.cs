using System.CommandLine;

namespace Ahoy.Client;

/// <summary>All commands of users.</summary>
public static class ClientCommands
{
    public static IReadOnlyList<Command> Create() => [];
}
