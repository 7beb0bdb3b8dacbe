using System.Globalization;

namespace Ahoy.Tests.Master.Simulation;

/// <summary>
/// The master's queue, leases and contact under kills of the master, agents that die, forget, or vanish for a while, and calls that are lost,
/// late, doubled or out of order. AHOY_SIMULATION_SEED=N replays one seed, AHOY_SIMULATION_SEEDS=N tries so many.
/// </summary>
public sealed class SimulationTests
{
    private const int Steps = 200;

    [Fact]
    public async Task Invariants_HoldWhateverHappens()
    {
        var (first, count) = Number("AHOY_SIMULATION_SEED") is { } one ? (one, 1) : (1, Number("AHOY_SIMULATION_SEEDS") ?? 200);
        await Parallel.ForEachAsync(Enumerable.Range(first, count), TestContext.Current.CancellationToken, async (seed, _) => await RunAsync(seed));
    }

    private static async Task RunAsync(int seed)
    {
        // In memory where the host has that: nothing in here depends on what a flush does.
        var parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        var directory = Directory.CreateDirectory(Path.Combine(parent, $"ahoy.simulation.{Guid.NewGuid():n}")).FullName;
        var world = new SimulatedWorld(seed, directory);
        try
        {
            await world.RunAsync(Steps);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {seed}: {e.Message}\nReplay: AHOY_SIMULATION_SEED={seed} dotnet test tests/Ahoy.Tests --filter SimulationTests\nWhat happened last:\n{world.History}", e);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
