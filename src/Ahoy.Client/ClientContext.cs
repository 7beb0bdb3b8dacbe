using Ahoy.Client.Access;
using Ahoy.Client.Api;
using Ahoy.Client.Output;

namespace Ahoy.Client;

/// <summary>What every command works with: folders, terminal, working directory, and the way to the master.</summary>
internal sealed class ClientContext(ClientPaths paths, Terminal terminal, string workingDirectory)
{
    public ClientPaths Paths { get; } = paths;

    public Terminal Terminal { get; } = terminal;

    /// <summary>Absolute; input and output paths are relative to it.</summary>
    public string WorkingDirectory { get; } = workingDirectory;

    public CredentialStore Credentials { get; } = new(paths.Config);

    /// <summary>Opens the way to the master that the user is logged in to. No byte travels before the first call.</summary>
    /// <exception cref="Contracts.AhoyException">There are no credentials.</exception>
    public MasterApi Connect() => MasterApi.Create(Credentials.Require());

    public static ClientContext OfProcess() => new(ClientPaths.OfUser(), Terminal.OfProcess(), Environment.CurrentDirectory);
}
