using Ahoy.Client.Api;
using Ahoy.Client.Builds;
using Ahoy.Client.Output;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;

namespace Ahoy.Tests.Client;

/// <summary>What a user sees of a build, and how it ends early.</summary>
public sealed class BuildCommandTests : IAsyncLifetime
{
    private const string Log = "Base debian-12 (sha256:x)\nPackages python3-numpy\nGet:1 http://deb libblas3\nSetting up libblas3\n3 dependencies\nImage mine (sha256:y)\n";

    private FakeMaster _master = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await FakeMaster.StartAsync();
        _master.Images["base/debian-12"] = FakeMaster.Image("debian-12", ImageKind.Base);
        _master.BuildLog = Log;
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Build_NoTerminal_PrintsTheStepsOnly()
    {
        using var fixture = new CommandLineFixture(_master);
        _master.Build.SetResult(FakeMaster.Built("mine", BuildState.Complete));

        Assert.Equal(0, await fixture.RunAsync("build", "mine", "--package", "jq"));

        Assert.Equal("Base debian-12 (sha256:x)\nPackages python3-numpy\n3 dependencies\nImage mine (sha256:y)\n", fixture.Error);
    }

    [Fact]
    public async Task Build_Verbose_PrintsAll()
    {
        using var fixture = new CommandLineFixture(_master);
        _master.Build.SetResult(FakeMaster.Built("mine", BuildState.Complete));

        Assert.Equal(0, await fixture.RunAsync("build", "-v", "mine", "--package", "jq"));

        Assert.Equal(Log, fixture.Error);
    }

    [Fact]
    public async Task Build_Quiet_PrintsTheResultOnly()
    {
        using var fixture = new CommandLineFixture(_master);
        _master.Build.SetResult(FakeMaster.Built("mine", BuildState.Complete));

        Assert.Equal(0, await fixture.RunAsync("build", "--quiet", "mine", "--package", "jq"));

        Assert.Empty(fixture.Error);
        Assert.StartsWith("mine sha256:", fixture.Output);
    }

    [Fact]
    public async Task Build_Failed_PrintsTheLast40Lines()
    {
        using var fixture = new CommandLineFixture(_master);
        _master.BuildLog = string.Concat(Enumerable.Range(1, 100).Select(line => $"line {line} of apt\n"));
        _master.Build.SetResult(FakeMaster.Built("mine", BuildState.Failed, "apt-get could not install x."));

        Assert.Equal(1, await fixture.RunAsync("build", "mine", "--package", "jq"));

        Assert.DoesNotContain("line 60 of apt", fixture.Error);
        Assert.Contains("line 61 of apt", fixture.Error);
        Assert.Contains("line 100 of apt", fixture.Error);
        Assert.Contains("apt-get could not install x.", fixture.Error);
    }

    [Fact]
    public async Task Build_OnATerminal_DrawsOneLineAndTakesItAway()
    {
        using var fixture = new CommandLineFixture(_master, interactive: true);
        var output = new BuildOutput(fixture.Context.Terminal, Verbosity.Normal);
        output.Write("Packages python3-numpy\nGet:1 http://deb lib"u8.ToArray());
        output.Write("blas3\n"u8.ToArray());
        Assert.Equal("Building (1m5s): Packages python3-numpy: Get:1 http://deb libblas3", output.Line(TimeSpan.FromSeconds(65)));

        var running = fixture.RunAsync("build", "mine", "--package", "jq");
        await Testing.Eventually.TrueAsync(() => Task.FromResult(fixture.Error.Contains("Building (", StringComparison.Ordinal)), "the line is drawn");
        _master.Build.SetResult(FakeMaster.Built("mine", BuildState.Complete));

        Assert.Equal(0, await running);
        Assert.DoesNotContain("Setting up libblas3\n", fixture.Error);
        Assert.EndsWith("\r\u001b[K", fixture.Error);
    }

    [Fact]
    public async Task Build_Interrupted_IsCanceledAtTheMaster()
    {
        using var fixture = new CommandLineFixture(_master);
        using var api = _master.Connect();
        using var interrupt = new CancellationTokenSource();

        var building = new ImageBuild(fixture.Context, api, Verbosity.Normal).RunAsync(new BuildRequest { Name = "mine", Base = "debian-12" }, interrupt.Token);
        await _master.BuildWaited.Task;
        await interrupt.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => building);
        Assert.Contains("DELETE /api/v1/builds/b1", _master.Calls);
        Assert.Contains("Canceled.", fixture.Error);
    }

    [Fact]
    public async Task Build_OfANameThatIsTaken_SaysWhatItStoodForAndStandsForNow()
    {
        using var fixture = new CommandLineFixture(_master);
        var before = _master.Images["application/mine"] = FakeMaster.Image("mine", ImageKind.Application);
        var built = FakeMaster.Built("mine", BuildState.Complete);
        _master.Build.SetResult(built);

        Assert.Equal(0, await fixture.RunAsync("build", "mine", "--base", "debian-12", "--package", "jq"));

        Assert.Contains($"The name mine stands for another image now: {before.Digest} before, {built.Image} from here on.", fixture.Error);
    }
}
