using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;
using Ahoy.Master.Access;
using Ahoy.Master.Images;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master.Agents;

/// <summary>The agents' API: join, contact, and the blobs of attempts that the caller holds.</summary>
internal static class AgentEndpoints
{
    public static void MapJoin(this RouteGroupBuilder group, TokenStore tokens) =>
        group.MapPost(Routes.Join, async (HttpContext context, JoinRequest request) =>
        {
            var (name, token) = await tokens.JoinAsync(Caller.Of(context).TokenId, request.Name);
            return TypedResults.Ok(new JoinResponse { Name = name, Token = token });
        });

    public static void MapAgentList(this RouteGroupBuilder group, AgentDirectory agents) =>
        group.MapGet(Routes.Agents, () => TypedResults.Ok(new AgentList { Agents = agents.List() }));

    public static void MapContact(this RouteGroupBuilder group, ContactHandler contacts, TokenStore tokens) =>
        group.MapPost(Routes.Contact, async (HttpContext context, ContactRequest request) =>
        {
            var caller = Caller.Of(context);
            await tokens.RenewAgentTokenAsync(caller);
            return TypedResults.Ok(await contacts.HandleAsync(caller.Name, request, context.RequestAborted));
        });

    public static void MapAttempts(this RouteGroupBuilder group, AttemptReports attempts, AttemptBlobs attemptBlobs, BlobStore blobs, BlobUsers users)
    {
        group.MapGet(Routes.AttemptBlob, async (HttpContext context, string job, int attempt, string digest) =>
        {
            var row = attempts.RequireHeld(Caller.Of(context).Name, Attempt(job, attempt));
            var wanted = Digest.Parse(digest);
            await attemptBlobs.RequireAsync(row, wanted, context.RequestAborted);
            return TypedResults.Stream(await blobs.OpenAsync(wanted, context.RequestAborted), "application/octet-stream", enableRangeProcessing: true);
        });

        group.MapGet(Routes.AttemptUpload, (HttpContext context, string job, int attempt, string digest) =>
        {
            var row = attempts.RequireHeld(Caller.Of(context).Name, Attempt(job, attempt));
            return TypedResults.Ok(BlobEndpoints.View(blobs, users, row.Owner, Digest.Parse(digest)));
        });

        group.MapPatch(Routes.AttemptUpload, async (HttpContext context, string job, int attempt, string digest) =>
        {
            var row = attempts.RequireHeld(Caller.Of(context).Name, Attempt(job, attempt));
            return TypedResults.Ok(await BlobEndpoints.ReceiveAsync(context, blobs, users, row.Owner, Digest.Parse(digest)));
        });
    }

    private static AttemptId Attempt(string job, int number) =>
        JobId.TryParse(job, out var id) ? new AttemptId(id, number) : throw new AhoyException(ErrorCode.InvalidRequest, $"\"{job}\" is not a job id.");
}
