using System.CommandLine;
using Ahoy.Client.Output;
using Ahoy.Contracts.Access;

namespace Ahoy.Client.Access;

/// <summary>`ahoy token create|ls|revoke`.</summary>
internal static class TokenCommand
{
    public static Command Create(ClientContext context)
    {
        var command = new ExampleCommand("token", "Makes, lists and revokes tokens of users, and tokens with which agents join.");
        command.Add(CreateCreate(context));
        command.Add(CreateList(context));
        command.Add(CreateRevoke(context));
        return command;
    }

    private static ExampleCommand CreateCreate(ClientContext context)
    {
        var user = Options.Text("--user", "NAME", "Whose token (managers only); the user is made when new. Default: your own.");
        var join = new Option<bool>("--join") { Description = "A token with which one agent joins this master (managers only)." };
        var lifetime = Options.Duration("--lifetime", "How long it is valid, such as 30d. Default: 90d, join tokens 1h.");
        var format = Options.Format();
        var command = new ExampleCommand("create", "Makes a token and prints it. It is shown this once.", "ahoy token create --user ada > ada.token", "ahoy token create --join --lifetime 1d");
        command.Add(user);
        command.Add(join);
        command.Add(lifetime);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(join) && parsed.GetValue(user) is not null)
                throw new UsageException("A join token is an agent's, not a user's: leave out --user or --join.");
            using var api = context.Connect();
            var request = new TokenRequest
            {
                Kind = parsed.GetValue(join) ? AccessToken.Join : AccessToken.User,
                User = parsed.GetValue(user),
                LifetimeSeconds = (long?)parsed.GetValue(lifetime)?.TotalSeconds,
            };
            var made = await api.CreateTokenAsync(request, cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
            {
                context.Terminal.WriteJson(made);
                return 0;
            }

            context.Terminal.WriteLine(made.Token);
            context.Terminal.Note($"Token {made.Id}, valid until {Ages.Clock(made.Expires)}, for the master at {api.Url}.");
            return 0;
        });
        return command;
    }

    private static ExampleCommand CreateList(ClientContext context)
    {
        var format = Options.Format();
        var command = new ExampleCommand("ls", "Lists tokens: yours, or all for managers.", "ahoy token ls");
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var list = await api.ListTokensAsync(cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
            {
                context.Terminal.WriteJson(list);
                return 0;
            }

            var table = new TextTable("ID", "KIND", "USER", "CREATED", "EXPIRES", "STATE");
            var now = TimeProvider.System.GetUtcNow();
            foreach (var token in list.Tokens)
            {
                table.Add(token.Id, token.Kind, token.User ?? "-", Ages.Clock(token.CreatedAt), Ages.Clock(token.Expires), token.Revoked ? "revoked" : token.Expires < now ? "expired" : "valid");
            }

            table.Print(context.Terminal);
            return 0;
        });
        return command;
    }

    private static ExampleCommand CreateRevoke(ClientContext context)
    {
        var id = new Argument<string>("ID") { Description = "The token's id, as `ahoy token ls` shows it." };
        var command = new ExampleCommand("revoke", "Makes a token worthless at once.", "ahoy token revoke 5f0c2a9b41d7e866");
        command.Add(id);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            await api.RevokeTokenAsync(parsed.GetRequiredValue(id), cancellationToken);
            context.Terminal.Note($"Token {parsed.GetRequiredValue(id)} is revoked.");
            return 0;
        });
        return command;
    }
}
