using System.Diagnostics;
using Ahoy.Contracts;
using Ahoy.Runtimes.Linux;
using Ahoy.Runtimes.Oci;

namespace Ahoy.Tests.Runtimes;

/// <summary>Starts that are canceled, with shell scripts in the runtime program's place.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("ahoy.").FullName;
    private readonly CancellationTokenSource _cancel = new();

    private ContainerDirectory Container => new(_path);

    public void Dispose()
    {
        _cancel.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    [Fact]
    public async Task Start_CanceledBeforeTheContainerIsMade_ReturnsItsFirstProcessSoThatItCanBeKilled()
    {
        // The container is made only when the test says so, which it does after it has canceled.
        var start = StartAsync("touch $0/begun; while [ ! -e $0/go ]; do sleep 0.01; done; sleep 60 & echo $! >$0/pid.new; mv $0/pid.new $0/pid; wait");
        await UntilAsync(() => File.Exists(Container.In("begun")));
        await _cancel.CancelAsync();
        await File.WriteAllTextAsync(Container.In("go"), "", TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        Assert.NotNull(Container.FirstProcess());

        await OciRuntime.KillAsync(Container, CancellationToken.None);
        Assert.Null(Container.FirstProcess());
        Assert.Null(Container.Launcher());
    }

    [Fact]
    public async Task Start_CanceledAndTheRuntimeProgramFails_SaysCanceled()
    {
        var start = StartAsync("touch $0/begun; while [ ! -e $0/go ]; do sleep 0.01; done; exit 1");
        await UntilAsync(() => File.Exists(Container.In("begun")));
        await _cancel.CancelAsync();
        await File.WriteAllTextAsync(Container.In("go"), "", TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
    }

    [Fact]
    public async Task Start_CanceledAndTheRuntimeProgramHangs_KillsItAfterAWhile()
    {
        var start = StartAsync("touch $0/begun; sleep 60", patience: TimeSpan.FromMilliseconds(200));
        await UntilAsync(() => File.Exists(Container.In("begun")));
        await _cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        Assert.Null(Container.Launcher());
    }

    [Fact]
    public async Task Kill_OfAContainerThatIsJustBeingMade_FindsItsFirstProcess()
    {
        // As after a restart of the daemon: nobody waits for the start any more.
        var start = StartAsync("touch $0/begun; while [ ! -e $0/go ]; do sleep 0.01; done; sleep 60 & echo $! >$0/pid; wait");
        await UntilAsync(() => File.Exists(Container.In("begun")));
        var clock = Stopwatch.StartNew();
        var kill = OciRuntime.KillAsync(Container, CancellationToken.None);
        await File.WriteAllTextAsync(Container.In("go"), "", TestContext.Current.CancellationToken);

        await kill;
        await start;
        Assert.Null(Container.FirstProcess());
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
    }

    private Task<ProcessIdentity> StartAsync(string script, TimeSpan? patience = null) =>
        Task.Run(() => Launcher.Start(Container, "/bin/sh", ["-c", script, _path], [], Container.In("output"), patience ?? TimeSpan.FromSeconds(10), _cancel.Token));

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(5, TestContext.Current.CancellationToken);
    }
}
