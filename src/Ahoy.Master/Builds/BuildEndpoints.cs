using System.Globalization;
using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Master.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master.Builds;

/// <summary>Builds: start, follow.</summary>
internal static class BuildEndpoints
{
    private const int LogChunkBytes = 1 << 20;

    public static void MapBuilds(this RouteGroupBuilder group, BuildQueue builds, LongPolls polls)
    {
        group.MapPost(Routes.Builds, async (HttpContext context, BuildRequest request) =>
            TypedResults.Ok(await builds.StartAsync(Caller.Of(context).Name, request)));

        group.MapGet(Routes.Build, async (HttpContext context, string id, int? wait) =>
        {
            var record = builds.Get(Caller.Of(context).Name, id);
            if (wait > 0)
                await polls.WaitAsync(record.Ended, LongPolls.Bounded(wait), context.RequestAborted);
            return TypedResults.Ok(record.View);
        });

        group.MapDelete(Routes.Build, async (HttpContext context, string id) =>
        {
            var record = builds.Get(Caller.Of(context).Name, id);
            record.Cancel();
            await polls.WaitAsync(record.Ended, LongPolls.Bounded(30), context.RequestAborted);
            return TypedResults.Ok(record.View);
        });

        group.MapGet(Routes.BuildLog, async (HttpContext context, string id, long? offset, int? wait) =>
        {
            var log = builds.Get(Caller.Of(context).Name, id).Log;
            var from = Math.Max(offset ?? 0, 0);
            var grown = log.WhenGrown();
            var closed = log.Closed;
            var bytes = log.Read(from, LogChunkBytes);
            if (bytes.Length == 0 && !closed && wait > 0)
            {
                await polls.WaitAsync(grown, LongPolls.Bounded(wait), context.RequestAborted);
                closed = log.Closed;
                bytes = log.Read(from, LogChunkBytes);
            }

            context.Response.Headers[Routes.LogNextOffsetHeader] = (from + bytes.Length).ToString(CultureInfo.InvariantCulture);
            context.Response.Headers[Routes.LogCompleteHeader] = closed && bytes.Length < LogChunkBytes ? "true" : "false";
            return TypedResults.Bytes(bytes, "text/plain; charset=utf-8");
        });
    }
}
