using System.Diagnostics;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.Bench;

/// <summary>/bin/true from submission to the final state that the client sees, against a bare run of the same root by the same runtime.</summary>
internal static class NoopJob
{
    private const int Count = 51;
    private const double GoalMilliseconds = 40;

    public static async Task RunOnceAsync(MasterConnection master)
    {
        var end = await master.EndAsync(await master.SubmitAsync(Request()));
        if (end.State != JobState.Complete)
            throw new InvalidOperationException($"/bin/true ended {end.State}: {end.End?.Message}");
    }

    /// <returns>Median milliseconds from submission to end.</returns>
    public static async Task<double> MeasureAsync(LocalSystem system, MasterConnection master, ResultTable table)
    {
        var times = new List<double>();
        for (var i = 0; i < Count; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await RunOnceAsync(master);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        var job = Median.Of(times);
        var bare = await BareContainer.MeasureAsync(system.Directory, Count);
        table.Add("no-op job, submit to end", $"{job:0.0} ms", $"bare {BareContainer.Runtime}: {bare:0.0} ms", $"+{job - bare:0.0} ms", $"at most +{GoalMilliseconds:0} ms", job - bare <= GoalMilliseconds);
        return job;
    }

    private static JobRequest Request() => new()
    {
        Image = "busybox",
        Command = ["/bin/true"],
        Resources = new JobResources { MemoryBytes = 64L << 20 },
    };
}
