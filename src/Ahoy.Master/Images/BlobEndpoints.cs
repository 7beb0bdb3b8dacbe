using System.Globalization;
using Ahoy.Contracts;
using Ahoy.Contracts.Blobs;
using Ahoy.Images.Store;
using Ahoy.Master.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master.Images;

/// <summary>Uploads: what is missing, many small blobs in one stream, large ones in resumable pieces.</summary>
internal static class BlobEndpoints
{
    private const int MaxAsked = 10_000;

    public static void MapBlobs(this RouteGroupBuilder group, BlobStore blobs, BlobUsers users)
    {
        group.MapPost(Routes.BlobsMissing, (HttpContext context, BlobQuery query) =>
        {
            if (query.Digests.Count > MaxAsked)
                throw new AhoyException(ErrorCode.InvalidRequest, $"Ask for at most {MaxAsked} digests at once, not {query.Digests.Count}.");
            return TypedResults.Ok(new BlobAnswer { Missing = users.Missing(Caller.Of(context).Name, query.Digests) });
        });

        group.MapPost(Routes.BlobsBatch, async (HttpContext context) =>
        {
            AllowAnyLength(context);
            var digests = await blobs.AddBatchAsync(context.Request.Body, context.RequestAborted);
            await users.GrantAsync(Caller.Of(context).Name, digests);
            return TypedResults.NoContent();
        });

        group.MapGet(Routes.Upload, (HttpContext context, string digest) => TypedResults.Ok(View(blobs, users, Caller.Of(context).Name, Digest.Parse(digest))));

        group.MapPatch(Routes.Upload, async (HttpContext context, string digest) =>
            TypedResults.Ok(await ReceiveAsync(context, blobs, users, Caller.Of(context).Name, Digest.Parse(digest))));
    }

    /// <summary>Where the user's upload stands.</summary>
    public static UploadView View(BlobStore blobs, BlobUsers users, string user, Digest digest)
    {
        if (blobs.Contains(digest) && users.Missing(user, [digest]).Count == 0)
            return new UploadView { Digest = digest, Offset = blobs.Size(digest) ?? 0, Complete = true };
        return blobs.GetUpload(user, digest);
    }

    /// <summary>Takes the next bytes of an upload from the request's body.</summary>
    public static async Task<UploadView> ReceiveAsync(HttpContext context, BlobStore blobs, BlobUsers users, string user, Digest digest)
    {
        AllowAnyLength(context);
        var offset = Header(context, Routes.UploadOffsetHeader);
        var length = Header(context, Routes.UploadLengthHeader);
        var view = await blobs.AppendAsync(user, digest, length, offset, context.Request.Body, context.RequestAborted);
        if (view.Complete)
            await users.GrantAsync(user, [digest]);
        return view;
    }

    private static long Header(HttpContext context, string name) =>
        long.TryParse(context.Request.Headers[name].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new AhoyException(ErrorCode.InvalidRequest, $"An upload must carry the header {name} with a number of bytes.");

    private static void AllowAnyLength(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = null;
    }
}
