using Ahoy.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master.Access;

/// <summary>Puts the <see cref="Caller"/> into each request of a group, or refuses it.</summary>
internal static class Authentication
{
    private const string Scheme = "Bearer ";

    /// <summary>Lets only tokens of <paramref name="kind"/> into the group; <see cref="UseTokens"/> sees to it.</summary>
    public static RouteGroupBuilder RequireToken(this RouteGroupBuilder group, string kind) => group.WithMetadata(new RequiredToken(kind));

    /// <summary>Looks at the token before anything of the request's body is read: strangers can't make the master parse what they send.</summary>
    public static void UseTokens(this IApplicationBuilder app, TokenStore tokens) => app.Use(next => context =>
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RequiredToken>() is { } required)
            Authenticate(context, tokens, required.Kind);
        return next(context);
    });

    private static void Authenticate(HttpContext context, TokenStore tokens, string kind)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var caller = tokens.Authenticate(header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..] : null);
        if (caller.Kind != kind)
            throw new AhoyException(ErrorCode.Forbidden, $"This call needs a {kind} token; the token {caller.TokenId} is a {caller.Kind} token.");
        context.Features.Set(caller);
    }

    private sealed record RequiredToken(string Kind);
}
