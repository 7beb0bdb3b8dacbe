using Ahoy.Agent;
using Ahoy.Agent.Configuration;
using Ahoy.Agent.Joining;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Runtimes;
using Ahoy.SystemTests.Bases;
using Ahoy.SystemTests.EndToEnd;
using Ahoy.SystemTests.Runtimes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Agent;

/// <summary>An agent with real containers whose whole disk is too small.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TestImage _image = new();
    private readonly StringWriter _log = new();
    private SmallDisk? _disk;
    private FakeMaster? _master;
    private StateDirectory? _state;
    private Task? _agent;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        SharedSystem.SkipUnlessUsable(asRoot: true);
        _disk = await SmallDisk.CreateAsync("16m", Token);
        _master = await FakeMaster.StartAsync();
        foreach (var blob in _image.Blobs)
            _master.AddBlob(blob);
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null && _state is not null)
            await Eventually.TrueAsync(() => Task.FromResult(!Directory.EnumerateDirectories(Path.Combine(_state.Path, "attempts")).Any()), "the agent has removed its jobs' folders");
        await _stop.CancelAsync();
        if (_agent is not null)
            await Task.WhenAny(_agent);
        _state?.Dispose();
        if (_master is not null)
            await _master.DisposeAsync();
        if (_disk is not null)
            await _disk.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task Program_FillsTheDisk_JobEndsAsDiskFullAndTheDiskIsFreeAgain()
    {
        await StartAsync();

        var end = await RunAsync(1, "cat /dev/zero >big");

        Assert.True(end.Result!.End!.Cause == EndCause.DiskFull, $"{end.Result.End.Cause}: {end.Result.End.Message}\n{_log}");
        Assert.Equal((JobState.SystemError, true), (end.State, end.Result.Retry));
        Assert.NotNull(end.Result.End.Hint);
        Assert.Equal(JobState.Complete, (await RunAsync(2, "echo enough room again")).State);
    }

    [Fact]
    public async Task Image_DoesNotFitOnTheDisk_SaysSoAndRunsWhenThereIsRoom()
    {
        await StartAsync();
        await _disk!.ResizeAsync("1500k", Token);

        var end = await RunAsync(1, "true");

        Assert.True(end.Result!.End!.Cause == EndCause.DiskFull, $"{end.Result.End.Cause}: {end.Result.End.Message}\n{_log}");
        Assert.Equal((JobState.SystemError, true), (end.State, end.Result.Retry));
        await _disk.ResizeAsync("16m", Token);
        Assert.Equal(JobState.Complete, (await RunAsync(2, "true")).State);
    }

    private async Task StartAsync()
    {
        _state = StateDirectory.Open(Path.Combine(_disk!.Path, "state"));
        var options = new AgentOptions { Name = "small", Cpus = 1, MemoryBytes = 1L << 30, DiskReserveBytes = 0, Runtimes = ["runc", "crun"] };
        var daemon = new AgentDaemon(
            options,
            _state,
            PublishedAhoy.Path!,
            name => ContainerRuntimes.Create(name, Path.Combine(_state.Path, "runtime"), layerBytes: null),
            TimeProvider.System,
            new LineLogger(TextWriter.Synchronized(_log), TimeProvider.System));
        var ready = new TaskCompletionSource();
        _agent = daemon.RunAsync(new AgentCredentials { Master = _master!.Url, Name = "small", Token = _master.AgentToken.Reveal() }, _ => ready.SetResult(), _stop.Token);
        if (await Task.WhenAny(ready.Task, _agent) == _agent)
            await _agent;
    }

    private Task<AttemptReport> RunAsync(long job, string script)
    {
        var id = new AttemptId(new JobId(job), 1);
        _master!.Give(new AttemptOrder
        {
            Job = id.Job,
            Attempt = id.Number,
            Owner = "alice",
            Image = _image.Manifest,
            Request = new JobRequest { Image = "busybox", Command = ["/bin/sh", "-c", script], Resources = new JobResources { MemoryBytes = 256 << 20 } },
        });
        return _master.EndOfAsync(id, Token);
    }
}
