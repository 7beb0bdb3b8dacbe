using Ahoy.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master.Storage;

/// <summary>Tells supervisors whether this master can still keep what it promises.</summary>
internal static class HealthEndpoint
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static void MapHealth(this IEndpointRouteBuilder app, Database database)
    {
        // One probe at a time for all who ask: strangers may ask, and must not fill the writer's queue.
        var gate = new Lock();
        var probe = Task.FromResult(0);
        app.MapGet(Routes.Health, async (HttpContext context) =>
        {
            Task<int> mine;
            lock (gate)
            {
                if (probe.IsCompleted)
                    probe = database.WriteAsync(_ => 0);
                mine = probe;
            }

            try
            {
                await mine.WaitAsync(Patience, context.RequestAborted);
            }
            catch (Exception e) when (e is TimeoutException or AhoyException)
            {
                // Where its files lie is nothing for strangers.
                var how = e is TimeoutException ? $"has not written to its database for {Patience.TotalSeconds:0} s" : "can't write to its database";
                throw new AhoyException(ErrorCode.Unavailable, $"This master {how}. Its log says more.", e, transient: true);
            }

            return TypedResults.NoContent();
        });
    }
}
