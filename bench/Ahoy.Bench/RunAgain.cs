using System.Diagnostics;
using Ahoy.Testing;

namespace Ahoy.Bench;

/// <summary>`ahoy run` of a program that was run before: no build, nothing uploaded, little time.</summary>
internal static class RunAgain
{
    private const int Count = 11;
    private const double GoalMilliseconds = 150;

    public static async Task MeasureAsync(LocalSystem system, double noopMilliseconds, ResultTable table)
    {
        var script = await system.WriteAsync("again.sh", "#!/bin/sh\nwc -c <data.bin\n");
        File.SetUnixFileMode(script, (UnixFileMode)0b111_101_101);
        await system.WriteAsync("data.bin", new string('x', 1 << 20));
        await RunAsync();
        var times = new List<double>();
        for (var i = 0; i < Count; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await RunAsync();
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        var again = Median.Of(times);
        table.Add("second `ahoy run`, unchanged", $"{again:0.0} ms", $"no-op job: {noopMilliseconds:0.0} ms", $"+{again - noopMilliseconds:0.0} ms", $"under +{GoalMilliseconds:0} ms", again - noopMilliseconds < GoalMilliseconds);

        Task<string> RunAsync() => system.RunAsync("run", "--base", "busybox", "--input", "data.bin", "--", "./again.sh");
    }
}
