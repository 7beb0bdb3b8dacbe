using System.CommandLine;
using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Contracts;

namespace Ahoy.Client.Access;

/// <summary>`ahoy login`, `ahoy whoami` and `ahoy logout`.</summary>
internal static class LoginCommand
{
    public static Command Create(ClientContext context)
    {
        var url = new Argument<string>("URL") { Description = "The master's address, such as https://ahoy.example.org:7070." };
        var token = Options.Text("--token", "TOKEN", "Your token. Better not on the command line, where others on this machine can see it.");
        var tokenFile = Options.Text("--token-file", "FILE", "A file that holds your token.");
        var command = new ExampleCommand("login", "Remembers which master to talk to, and your token for it (read from standard input unless given).", "ahoy login https://ahoy.example.org:7070 --token-file token.txt");
        command.Add(url);
        command.Add(token);
        command.Add(tokenFile);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var address = MasterApi.ParseUrl(parsed.GetRequiredValue(url)).GetLeftPart(UriPartial.Authority);
            var text = await ReadTokenAsync(context, parsed.GetValue(token), parsed.GetValue(tokenFile), cancellationToken);
            var credentials = new Credentials { Url = address, Token = text.Trim() };
            using var api = MasterApi.Create(credentials);
            var who = await api.WhoAmIAsync(cancellationToken);
            context.Credentials.Save(credentials);
            context.Terminal.Note($"Logged in to {address} as {who.User} ({who.Role}).");
            return 0;
        });
        return command;
    }

    public static Command CreateWhoAmI(ClientContext context)
    {
        var format = Options.Format();
        var command = new ExampleCommand("whoami", "Says which master you talk to, and as whom.", "ahoy whoami");
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var who = await api.WhoAmIAsync(cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(who);
            else
                context.Terminal.WriteLine($"{who.User} ({who.Role}) at {api.Url}, master {who.MasterVersion}{(who.TokenExpires is { } end ? $", token valid until {Ages.Clock(end)}" : "")}");
            return 0;
        });
        return command;
    }

    public static Command CreateLogout(ClientContext context)
    {
        var command = new ExampleCommand("logout", "Forgets the master and your token. The token itself stays valid: `ahoy token revoke` ends it.", "ahoy logout");
        command.SetAction(_ =>
        {
            context.Terminal.Note(context.Credentials.Delete() ? "Logged out." : "You were not logged in.");
            return 0;
        });
        return command;
    }

    private static async Task<string> ReadTokenAsync(ClientContext context, string? token, string? file, CancellationToken cancellationToken)
    {
        if (token is not null && file is not null)
            throw new UsageException("Give the token once: --token or --token-file.");
        if (token is not null)
            return token;
        if (file is not null)
            return await File.ReadAllTextAsync(Path.GetFullPath(file, context.WorkingDirectory), cancellationToken);
        if (context.Terminal.InteractiveError)
            context.Terminal.Note("Paste your token and press Enter:");
        return await context.Terminal.Input.ReadLineAsync(cancellationToken)
            ?? throw new AhoyException(ErrorCode.Unauthorized, "Standard input holds no token. Give it with --token-file FILE, or pipe it in.");
    }
}
