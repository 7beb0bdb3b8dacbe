using Ahoy.Agent;
using Ahoy.Agent.Configuration;
using Ahoy.Agent.Joining;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.Tests.Agent;

/// <summary>A whole agent in this process, against a fake master and scripted containers. It can be ended and started again on the same state.</summary>
internal sealed class AgentUnderTest : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ahoy-agent-test.").FullName;
    private readonly StringWriter _log = new();
    private CancellationTokenSource? _stop;
    private Task? _running;
    private StateDirectory? _state;

    private AgentUnderTest(FakeMaster master) => Master = master;

    public FakeMaster Master { get; }
    public ScriptedRuntime Runtime => Runtimes[Options.Runtimes[0]];
    public IReadOnlyDictionary<string, ScriptedRuntime> Runtimes { get; } = new[] { "crun", "runc" }.ToDictionary(name => name, name => new ScriptedRuntime(name));
    public AgentOptions Options { get; set; } = new() { Name = "host1", Cpus = 4, MemoryBytes = 4L << 30, DiskReserveBytes = 0 };
    public string State => Path.Combine(_directory, "state");
    public string Log => _log.ToString();
    public static CancellationToken Canceled => TestContext.Current.CancellationToken;

    public static async Task<AgentUnderTest> CreateAsync() => new(await FakeMaster.StartAsync());

    public static async Task<AgentUnderTest> StartedAsync()
    {
        var agent = await CreateAsync();
        await agent.StartAsync();
        return agent;
    }

    /// <summary>Returns after the first contact.</summary>
    public async Task StartAsync()
    {
        _stop = new CancellationTokenSource();
        _state = StateDirectory.Open(State);
        var ready = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var daemon = new AgentDaemon(Options, _state, "/usr/bin/ahoy", name => Runtimes[name], TimeProvider.System, new LineLogger(TextWriter.Synchronized(_log), TimeProvider.System));
        var credentials = new AgentCredentials { Master = Master.Url, Name = "host1", Token = Master.AgentToken.Reveal() };
        _running = daemon.RunAsync(credentials, ready.SetResult, _stop.Token);
        await Task.WhenAny(ready.Task, _running);
        if (_running.IsFaulted)
            await _running;
    }

    /// <summary>As by SIGTERM: containers live on.</summary>
    public async Task StopAsync()
    {
        await _stop!.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running!);
        _state!.Dispose();
        _running = null;
    }

    public static AttemptOrder Order(long job, JobRequest? request = null, string owner = "alice") => new()
    {
        Job = new JobId(job),
        Attempt = 1,
        Owner = owner,
        Image = Digest.Of([1]),
        Request = request ?? new JobRequest { Image = "debian-12", Command = ["true"] },
    };

    /// <summary>Gives the order and waits for its end.</summary>
    public async Task<AttemptReport> RunAsync(AttemptOrder order)
    {
        Master.Give(order);
        return await Master.EndOfAsync(new AttemptId(order.Job, order.Attempt), Canceled);
    }

    /// <summary>Waits until the agent holds nothing and has cleaned everything away.</summary>
    public async Task CleanAsync()
    {
        await Master.ContactAsync(contact => contact.Held.Count == 0, Canceled);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Canceled);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (Leftovers().Any())
        {
            Assert.False(limit.IsCancellationRequested, $"Left behind: {string.Join(", ", Leftovers())}\n{Log}");
            await Task.Yield();
        }
    }

    public IEnumerable<string> Leftovers() =>
        Directory.EnumerateFileSystemEntries(Path.Combine(State, "attempts"))
            .Concat(Directory.EnumerateFileSystemEntries(Path.Combine(State, "journal")))
            .Concat(Runtimes.Values.SelectMany(runtime => runtime.Names));

    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
        {
            await _stop!.CancelAsync();
            await Task.WhenAny(_running);
        }

        _state?.Dispose();
        await Master.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
