using Ahoy.Contracts;
using Microsoft.AspNetCore.Http;

namespace Ahoy.Master.Access;

/// <summary>Who makes a call: a user or an agent, as their token says.</summary>
/// <param name="Kind"><see cref="Contracts.Access.AccessToken.User"/>, Join or Agent.</param>
/// <param name="Name">The user's or agent's name; empty for a join token.</param>
internal sealed record Caller(string TokenId, string Kind, string Name, string Role, DateTimeOffset Expires)
{
    public const string ManagerRole = "manager";
    public const string UserRole = "user";

    public bool IsManager => Role == ManagerRole;

    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("This endpoint is not behind authentication.");

    public void RequireManager(string what)
    {
        if (!IsManager)
            throw new AhoyException(ErrorCode.Forbidden, $"Only a manager of this master may {what}. You are {Name} with the role {Role}.");
    }
}
