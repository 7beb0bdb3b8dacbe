using System.Collections.Concurrent;
using System.Text.Json;
using Ahoy.Agent.Contact;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Runtimes;
using Ahoy.Runtimes.Oci;
using Microsoft.Extensions.Logging;

namespace Ahoy.Agent.Attempts;

/// <summary>The attempts that this agent holds. The contact loop brings what the master says and takes what is new.</summary>
internal sealed partial class AttemptBoard(
    AgentHost host, MasterClient master, Signal news, TimeProvider time, ILogger logger, CancellationToken shutdown)
{
    /// <summary>Log bytes of one call.</summary>
    private const int CallLogBytes = 1024 * 1024;

    /// <summary>Of all that one call may hold; the master takes some times as much. A single report may be larger: one of very many outputs goes alone.</summary>
    private const long CallBytes = 8 * 1024 * 1024;

    /// <summary>Released attempts that are remembered, so that an answer that comes late starts none of them again.</summary>
    private const int RememberedAttempts = 4096;

    /// <summary>How often output files are looked at, and how long a phase may go untold: phases and logs are for people.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly Dictionary<AttemptId, Attempt> _attempts = [];
    private readonly HashSet<AttemptId> _past = [];
    private readonly Queue<AttemptId> _pastOrder = [];
    private readonly AttemptJournal _journal = new(host.JournalDirectory);
    private readonly Cleaner _cleaner = new(news, logger);
    private readonly Signal _added = new();
    private bool _worked = true;
    private readonly ConcurrentDictionary<Task, bool> _tasks = new();

    public IReadOnlyList<HeldAttempt> Held() => [.. Current().Where(attempt => !attempt.Released.IsCompleted).Select(attempt => attempt.Held)];

    /// <summary>Why this host takes no new work: something of an earlier job can't be removed. Null when all is well.</summary>
    public string? Stuck => _cleaner.Stuck;

    /// <summary>True when the answer said anything that was not known.</summary>
    public bool Apply(ContactResponse response)
    {
        var learnt = false;
        foreach (var attempt in Find(response.Settled))
        {
            attempt.Settle();
            learnt = true;
        }

        foreach (var attempt in Find(response.Discard))
        {
            attempt.Discard();
            learnt = true;
        }

        foreach (var attempt in Find(response.Cancel).Where(attempt => !attempt.Canceled))
        {
            attempt.Cancel();
            learnt = true;
        }

        foreach (var order in response.Start)
        {
            learnt |= Start(order);
        }

        return learnt;
    }

    /// <summary>News for one call. <paramref name="more"/>: there was more than fits into it.</summary>
    public IReadOnlyList<AttemptReport> CollectReports(out bool more)
    {
        var budget = CallLogBytes;
        var reports = new List<AttemptReport>();
        var bytes = 0L;
        more = false;
        // Ends first, and of what is much to tell the least: one job's many words hold up no other's.
        foreach (var attempt in Current().OrderBy(attempt => attempt.Active).ThenBy(attempt => attempt.Untold()))
        {
            if (attempt.NextReport(ref budget) is not { } report)
                continue;
            bytes += WrapperResult.MostBytes(report.Result?.Outputs ?? []);
            if (reports.Count > 0 && bytes > CallBytes)
            {
                more = true;
                break;
            }

            reports.Add(report);
            more |= report.Result is null && (budget == 0 || report.Logs.Any(chunk => chunk.Bytes.Length == LogTail.ChunkBytes));
        }

        return reports;
    }

    /// <summary>The master has answered the call that held these reports.</summary>
    public void Acknowledge(IReadOnlyList<AttemptReport> reports)
    {
        foreach (var report in reports)
        {
            Attempt? attempt;
            lock (_lock)
            {
                _attempts.TryGetValue(new AttemptId(report.Job, report.Attempt), out attempt);
            }

            attempt?.Acknowledge(report);
        }
    }

    /// <summary>Looks for new phases and log bytes while there are attempts. Ends tell themselves at once.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _added.WaitAsync(cancellationToken);
            while (Current() is { Count: > 0 } attempts)
            {
                await Task.Delay(LookInterval, time, cancellationToken);
                if (attempts.Any(attempt => attempt.HasNews()))
                    news.Set();
            }
        }
    }

    /// <summary>After a wait in which nothing happened: gives the memory of the attempts before it back to the host. Does nothing when there is nothing to give.</summary>
    public void GiveBackMemory()
    {
        if (Current().Count > 0 || !Interlocked.Exchange(ref _worked, false))
            return;
        DaemonMemory.GiveBack();
    }

    /// <summary>After the shutdown was asked for: returns when nothing of this process touches an attempt any more.</summary>
    public Task QuiesceAsync() => Task.WhenAll(_tasks.Keys);

    /// <summary>
    /// Finds what an earlier process of this agent left: goes on with what can go on, tells of the rest that it is lost, and cleans up.
    /// What can't be removed keeps nobody from starting.
    /// </summary>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        var containers = new Dictionary<ContainerHandle, IContainerRuntime>();
        foreach (var runtime in host.AllRuntimes)
        {
            foreach (var container in await runtime.ListAsync(cancellationToken))
                containers.TryAdd(container, runtime);
        }

        foreach (var order in _journal.ReadAll((file, reason) => Log.JournalUnreadable(logger, file, reason)))
        {
            var attempt = new Attempt(order, host.AttemptsDirectory, time);
            var running = containers.Remove(new ContainerHandle(attempt.ContainerName), out var holder);
            if (ReadEnd(attempt) is { } end)
                Hold(attempt, holder ?? host.Runtime, runner => runner.TellAgainAsync(end, shutdown));
            else if (running)
                Hold(attempt, holder!, runner => runner.ResumeAsync(shutdown));
            else
                Hold(attempt, host.Runtime, runner => runner.InterruptedAsync(shutdown));
        }

        foreach (var (container, runtime) in containers)
            await RemoveLeftoverAsync($"Container {container.Name}", () => runtime.RemoveAsync(container, shutdown));

        PrivateFile.CreateDirectory(host.AttemptsDirectory);
        foreach (var directory in Directory.EnumerateDirectories(host.AttemptsDirectory))
        {
            if (!AttemptId.TryParse(Path.GetFileName(directory), out var id) || !IsHeld(id))
                await RemoveLeftoverAsync($"Folder {directory}", () => DirectoryTree.RemoveAsync(directory));
        }
    }

    private async Task RemoveLeftoverAsync(string name, Func<Task> remove)
    {
        Log.Leftover(logger, name);
        if (!await _cleaner.TryAsync(name, remove))
            Track(Task.Run(() => UntilRemovedAsync(name, remove), CancellationToken.None));
    }

    private async Task UntilRemovedAsync(string name, Func<Task> remove)
    {
        try
        {
            await _cleaner.UntilDoneAsync(name, remove, shutdown);
        }
        catch (OperationCanceledException) when (shutdown.IsCancellationRequested)
        {
            // For the next start.
        }
    }

    private AttemptReport? ReadEnd(Attempt attempt)
    {
        if (!File.Exists(attempt.Paths.EndFile))
            return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(attempt.Paths.EndFile), AhoyJson.Default.AttemptReport);
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            Log.EndUnreadable(logger, attempt.Id, e.Message);
            return null;
        }
    }

    private bool Start(AttemptOrder order)
    {
        var attempt = new Attempt(order, host.AttemptsDirectory, time);
        AttemptOrder[] running;
        lock (_lock)
        {
            if (_attempts.ContainsKey(attempt.Id) || _past.Contains(attempt.Id))
            {
                attempt.Dispose();
                return false;
            }

            running = [.. _attempts.Values.Where(other => other.Active).Select(other => other.Order)];
        }

        Hold(attempt, host.Runtime, runner => runner.RunAsync(running, shutdown));
        return true;
    }

    private void Hold(Attempt attempt, IContainerRuntime runtime, Func<AttemptRunner, Task> run)
    {
        lock (_lock)
        {
            _attempts.Add(attempt.Id, attempt);
        }

        _added.Set();
        Volatile.Write(ref _worked, true);
        Track(Task.Run(() => KeepAsync(attempt, runtime, run), CancellationToken.None));
    }

    private void Track(Task task)
    {
        _tasks[task] = true;
        _ = task.ContinueWith(done => _tasks.TryRemove(done, out _), TaskScheduler.Default);
    }

    private async Task KeepAsync(Attempt attempt, IContainerRuntime runtime, Func<AttemptRunner, Task> run)
    {
        try
        {
            await using var runner = new AttemptRunner(attempt, runtime, host, master, _journal, _cleaner, news, logger);
            await run(runner);
        }
        catch (OperationCanceledException) when (shutdown.IsCancellationRequested)
        {
            // Its container runs on for the next agent process.
            return;
        }

        lock (_lock)
        {
            _attempts.Remove(attempt.Id);
            _past.Add(attempt.Id);
            _pastOrder.Enqueue(attempt.Id);
            if (_pastOrder.Count > RememberedAttempts)
                _past.Remove(_pastOrder.Dequeue());
        }

        attempt.Dispose();
    }

    private List<Attempt> Current()
    {
        lock (_lock)
        {
            return [.. _attempts.Values];
        }
    }

    private bool IsHeld(AttemptId id)
    {
        lock (_lock)
        {
            return _attempts.ContainsKey(id);
        }
    }

    private List<Attempt> Find(IReadOnlyList<HeldAttempt> ids)
    {
        lock (_lock)
        {
            return [.. ids.Select(id => _attempts.GetValueOrDefault(new AttemptId(id.Job, id.Attempt))).OfType<Attempt>().Where(attempt => !attempt.Released.IsCompleted)];
        }
    }

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Warning, "Journal {File} can't be used: {Reason}")]
        public static partial void JournalUnreadable(ILogger logger, string file, string reason);

        [LoggerMessage(21, LogLevel.Information, "Removing {Name}, left by an earlier run of this agent")]
        public static partial void Leftover(ILogger logger, string name);

        [LoggerMessage(23, LogLevel.Warning, "Attempt {Attempt}: its end on disk can't be read: {Reason}")]
        public static partial void EndUnreadable(ILogger logger, AttemptId attempt, string reason);
    }
}
