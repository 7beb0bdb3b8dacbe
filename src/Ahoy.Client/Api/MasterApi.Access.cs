using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;

namespace Ahoy.Client.Api;

internal sealed partial class MasterApi
{
    public Task<WhoAmI> WhoAmIAsync(CancellationToken cancellationToken) =>
        GetAsync(Routes.WhoAmI, AhoyJson.Default.WhoAmI, cancellationToken);

    public Task<AgentList> ListAgentsAsync(CancellationToken cancellationToken) =>
        GetAsync(Routes.Agents, AhoyJson.Default.AgentList, cancellationToken);

    public Task<TokenList> ListTokensAsync(CancellationToken cancellationToken) =>
        GetAsync(Routes.Tokens, AhoyJson.Default.TokenList, cancellationToken);

    /// <summary>Not repeated by itself: each call makes another token.</summary>
    public Task<TokenResponse> CreateTokenAsync(TokenRequest request, CancellationToken cancellationToken) =>
        CallAsync(() => Post(Routes.Tokens, request, AhoyJson.Default.TokenRequest, null), AhoyJson.Default.TokenResponse, cancellationToken);

    public Task RevokeTokenAsync(string id, CancellationToken cancellationToken) =>
        DeleteAsync(Routes.Fill(Routes.Token, id), cancellationToken);
}
