using System.Text.RegularExpressions;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.EndToEnd;

/// <summary>
/// Every command of docs/tutorial.md, in its order: a real Debian base, the sunspots programs, their expected results.
/// So the text cannot say what does not work.
/// </summary>
[Collection(EndToEndCollection.Name)]
public abstract partial class TutorialContract(bool asRoot) : IAsyncLifetime
{
    private LocalSystem _system = null!;

    public async ValueTask InitializeAsync()
    {
        SharedSystem.SkipUnlessUsable(asRoot);
        foreach (var program in new[] { "mmdebstrap", "gcc", "make" })
            SharedSystem.Need(ProgramRunner.Find(program) is not null, $"{program} is not installed.");
        SharedSystem.Need(File.Exists("/usr/include/fftw3.h"), "FFTW's headers are missing (Debian: libfftw3-dev).");
        _system = await LocalSystem.CreateAsync(asRoot, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
            await _system.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Tutorial_EveryCommandInItsOrder_GivesTheExpectedResults()
    {
        await ProgramRunner.RunAsync(new ProgramCall { Program = "cp", Arguments = ["-r", Path.Combine(Repository.Root, "examples"), _system.WorkDirectory] }, TestContext.Current.CancellationToken);
        await _system.GiveToUserAsync(_system.WorkDirectory, TestContext.Current.CancellationToken);
        var script = string.Concat(ShellBlock().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "tutorial.md"))).Select(match => match.Groups["commands"].Value));
        Assert.Contains("ahoy up", script);

        // +x: a failure shows which command it was.
        var output = await _system.ShellAsync($"set -x\n{script}");
        Assert.True(output.ExitCode == 0, $"The tutorial's commands ended with {output.ExitCode}.\n{output.Error}\n{output.Output}\n{_system.DaemonLogs()}");

        var sunspots = Path.Combine(_system.WorkDirectory, "examples", "sunspots");
        foreach (var result in new[] { "result.json", "spectrum.txt" })
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(sunspots, "expected", result)), await File.ReadAllTextAsync(Path.Combine(sunspots, result)));
    }

    [GeneratedRegex(@"^```sh\n(?<commands>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ShellBlock();
}
