using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master.Access;

/// <summary>Who am I; tokens.</summary>
internal static class AccessEndpoints
{
    public static void MapAccess(this RouteGroupBuilder group, TokenStore tokens)
    {
        group.MapGet(Routes.WhoAmI, (HttpContext context) =>
        {
            var caller = Caller.Of(context);
            return TypedResults.Ok(new WhoAmI { User = caller.Name, Role = caller.Role, TokenExpires = caller.Expires, MasterVersion = MasterVersion.Text });
        });

        group.MapPost(Routes.Tokens, async (HttpContext context, TokenRequest request) =>
        {
            var caller = Caller.Of(context);
            // What no TimeSpan can hold is refused as too long or too short below, like the rest.
            TimeSpan? lifetime = request.LifetimeSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, -1, int.MaxValue)) : null;
            switch (request.Kind)
            {
                case AccessToken.Join:
                    caller.RequireManager("let agents join");
                    return TypedResults.Ok(await tokens.CreateJoinTokenAsync(lifetime));
                case AccessToken.User:
                    var user = request.User ?? caller.Name;
                    if (user != caller.Name)
                        caller.RequireManager("make tokens for other users");
                    return TypedResults.Ok(await tokens.CreateUserTokenAsync(user, Caller.UserRole, tokens.NotLonger(caller, lifetime)));
                default:
                    throw new AhoyException(ErrorCode.InvalidRequest, $"\"{request.Kind}\" is not a kind of token. Ask for \"user\" or \"join\".");
            }
        });

        group.MapGet(Routes.Tokens, (HttpContext context) =>
        {
            var caller = Caller.Of(context);
            return TypedResults.Ok(new TokenList { Tokens = [.. tokens.List().Where(token => IsTheirs(caller, token))] });
        });

        group.MapDelete(Routes.Token, async (HttpContext context, string id) =>
        {
            var caller = Caller.Of(context);
            if (!IsTheirs(caller, tokens.Show(id)))
                throw new AhoyException(ErrorCode.NotFound, $"There is no token {id} of yours. `ahoy token ls` shows those there are.");
            await tokens.RevokeAsync(id);
            return TypedResults.NoContent();
        });
    }

    private static bool IsTheirs(Caller caller, TokenView token) =>
        caller.IsManager || (token.Kind == AccessToken.User && token.User == caller.Name);
}
