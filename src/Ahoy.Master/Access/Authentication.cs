using Ahoy.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master.Access;

/// <summary>Puts the <see cref="Caller"/> into each request of a group, or refuses it.</summary>
internal static class Authentication
{
    private const string Scheme = "Bearer ";

    /// <summary>Lets only tokens of <paramref name="kind"/> into the group.</summary>
    public static RouteGroupBuilder RequireToken(this RouteGroupBuilder group, TokenStore tokens, string kind)
    {
        group.AddEndpointFilter(async (context, next) =>
        {
            Authenticate(context.HttpContext, tokens, kind);
            return await next(context);
        });
        return group;
    }

    private static void Authenticate(HttpContext context, TokenStore tokens, string kind)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var caller = tokens.Authenticate(header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..] : null);
        if (caller.Kind != kind)
            throw new AhoyException(ErrorCode.Forbidden, $"This call needs a {kind} token; the token {caller.TokenId} is a {caller.Kind} token.");
        context.Features.Set(caller);
    }
}
