using Ahoy.Testing;

namespace Ahoy.Bench;

/// <summary>Resident memory (VmRSS of /proc/PID/status, man 5 proc) of master and agent when nothing happens.</summary>
internal static class IdleMemory
{
    // Long enough that garbage of the start and of one job has been collected or is there to stay.
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    public static async Task MeasureAsync(LocalSystem system, ResultTable table)
    {
        await Task.Delay(Idle);
        Add("idle agent, resident", "agent run", 40);
        Add("idle master, resident", "master serve", 80);

        void Add(string figure, string words, double goal)
        {
            var process = ProcessTable.Of(system.Directory.Path).SingleOrDefault(process => process.CommandLine.Contains($"{system.Executable} {words}", StringComparison.Ordinal))
                ?? throw new InvalidOperationException($"Not exactly one process \"{words}\" of {system.Executable} runs.");
            var line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            var megabytes = double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
            table.Add(figure, $"{megabytes:0.0} MB", "", "", $"under {goal:0} MB", megabytes < goal);
        }
    }
}
