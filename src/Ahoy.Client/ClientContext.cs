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

    /// <summary>Says that a job reads nothing of what is piped to this process; it would be missed only when the results look odd.</summary>
    public void WarnOfInput()
    {
        if (Terminal.InputHasData())
            Terminal.Note("ahoy: warning: a job's standard input is empty: what is piped or redirected to this command does not reach the program. Write it to a file, give that with --input, and let the program read it.");
    }

    public static ClientContext OfProcess() => new(ClientPaths.OfUser(), Terminal.OfProcess(), Environment.CurrentDirectory);
}
