using System.CommandLine;
using Ahoy.Client.Access;
using Ahoy.Client.Agents;
using Ahoy.Client.Bases;
using Ahoy.Client.Builds;
using Ahoy.Client.Images;
using Ahoy.Client.Jobs;
using Ahoy.Client.Local;

namespace Ahoy.Client;

/// <summary>All commands of users.</summary>
public static class ClientCommands
{
    public static IReadOnlyList<Command> Create() => Create(ClientContext.OfProcess());

    internal static IReadOnlyList<Command> Create(ClientContext context) =>
    [
        UpCommand.Create(context),
        UpCommand.CreateDown(context),
        LoginCommand.Create(context),
        LoginCommand.CreateWhoAmI(context),
        LoginCommand.CreateLogout(context),
        BaseCommand.Create(context),
        CaptureCommand.Create(context),
        BuildCommand.Create(context),
        ImageCommands.CreateImages(context),
        ImageCommands.CreateImage(context),
        RunCommand.Create(context),
        SubmitCommand.Create(context),
        PsCommand.Create(context),
        ShowCommand.Create(context),
        ShowCommand.CreateWhy(context),
        LogsCommand.Create(context),
        WaitCommand.Create(context),
        CancelCommand.Create(context),
        FetchCommand.Create(context),
        AgentsCommand.Create(context),
        TokenCommand.Create(context),
    ];
}
