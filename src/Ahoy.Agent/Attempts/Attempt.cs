using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Agent.Attempts;

/// <summary>One attempt that this agent holds: how far it is, and what of that the master does not know yet. Safe for several threads.</summary>
internal sealed class Attempt : IDisposable
{
    /// <summary>An acknowledged end that the master has not settled is told again after this time: its answer may have been lost.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(5);

    /// <summary>The master hears of a pull's progress not more often than this: a person looks at it.</summary>
    private static readonly TimeSpan PullNews = TimeSpan.FromSeconds(1);

    /// <summary>Of each output stream.</summary>
    public const long MaxLogBytes = 1L << 30;

    /// <summary>The wrapper cuts at <see cref="MaxLogBytes"/> and says so in a last line.</summary>
    private const int WrapperLastLine = 4096;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly LogTail _stdout;
    private readonly LogTail _stderr;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lazy<IReadOnlyDictionary<Digest, JobInput>> _inputs;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private JobState _phase = JobState.Preparing;
    private JobState? _acknowledgedPhase;
    private PullProgress? _pull;
    private PullProgress? _acknowledgedPull;
    private long _pullTold;
    private AttemptReport? _end;
    private long? _endAcknowledged;
    private string? _logFault;

    public Attempt(AttemptOrder order, string attemptsDirectory, TimeProvider time)
    {
        _time = time;
        Order = order;
        Id = new AttemptId(order.Job, order.Attempt);
        // The same content may be wanted under several names.
        _inputs = new(() => order.Request.Inputs.DistinctBy(input => input.Digest).ToDictionary(input => input.Digest));
        Paths = new AttemptPaths(Path.Combine(attemptsDirectory, Id.ToString()));
        _stdout = new LogTail(Paths.StdoutFile, LogStream.Stdout, MaxLogBytes + WrapperLastLine);
        _stderr = new LogTail(Paths.StderrFile, LogStream.Stderr, MaxLogBytes + WrapperLastLine);
    }

    public AttemptId Id { get; }
    public AttemptOrder Order { get; }
    public AttemptPaths Paths { get; }
    public IReadOnlyDictionary<Digest, JobInput> Inputs => _inputs.Value;
    public string ContainerName => $"job-{Id}";
    public HeldAttempt Held => new() { Job = Id.Job, Attempt = Id.Number };

    /// <summary>Canceled or discarded: whatever is under way is to be given up.</summary>
    public CancellationToken Stop => _stop.Token;
    public bool Canceled { get; private set; }
    public bool Discarded { get; private set; }
    /// <summary>Done when the master needs nothing more of the attempt: it has its end, or it does not want it.</summary>
    public Task Released => _released.Task;

    public JobState Phase
    {
        get
        {
            lock (_lock)
            {
                return _phase;
            }
        }
    }

    /// <summary>True while it uses the host: from the order to its end.</summary>
    public bool Active
    {
        get
        {
            lock (_lock)
            {
                return _end is null && !Discarded;
            }
        }
    }

    /// <summary>Moves forward only: a wrapper that goes back tells nothing new.</summary>
    public void MoveTo(JobState phase)
    {
        lock (_lock)
        {
            if (phase > _phase)
                _phase = phase;
        }
    }

    /// <summary>The image comes nearer.</summary>
    /// <returns>True when the master should hear of it now.</returns>
    public bool Pull(PullProgress pull)
    {
        lock (_lock)
        {
            _pull = pull;
            if (_acknowledgedPull is not null && pull.Done < pull.Total && _time.GetElapsedTime(_pullTold) < PullNews)
                return false;
            _pullTold = _time.GetTimestamp();
            return true;
        }
    }

    public void Cancel()
    {
        Canceled = true;
        _stop.Cancel();
    }

    public void Discard()
    {
        Discarded = true;
        _stop.Cancel();
        _released.TrySetResult();
    }

    /// <summary>The master has the end on its disk.</summary>
    public void Settle() => _released.TrySetResult();

    public void End(AttemptReport end)
    {
        lock (_lock)
        {
            _end = end;
        }
    }

    /// <summary>True when the master should hear something.</summary>
    public bool HasNews()
    {
        lock (_lock)
        {
            if (Discarded || Released.IsCompleted)
                return false;
            if (_end is not null)
                return _endAcknowledged is not { } since || _time.GetElapsedTime(since) >= SettleTime;
            return _phase != _acknowledgedPhase || (_phase == JobState.Preparing && _pull != _acknowledgedPull) || Guarded(_stdout.Unread) > 0 || Guarded(_stderr.Unread) > 0;
        }
    }

    /// <summary>Log bytes that the master does not have.</summary>
    public long Untold()
    {
        lock (_lock)
        {
            return Guarded(_stdout.Unread) + Guarded(_stderr.Unread);
        }
    }

    /// <summary>What the master does not know yet, with at most <paramref name="budget"/> bytes of logs. The end comes only when no log bytes are left.</summary>
    public AttemptReport? NextReport(ref int budget)
    {
        if (!HasNews())
            return null;
        lock (_lock)
        {
            var logs = new List<LogChunk>();
            foreach (var tail in (LogTail[])[_stdout, _stderr])
            {
                var room = budget;
                if (Guarded(() => tail.Next(room)) is { } chunk)
                {
                    logs.Add(chunk);
                    budget -= chunk.Bytes.Length;
                }
            }

            if (_end is null)
                return new AttemptReport { Job = Id.Job, Attempt = Id.Number, State = _phase, Logs = logs, Pull = _phase == JobState.Preparing ? _pull : null };
            var left = Guarded(_stdout.Unread) + Guarded(_stderr.Unread) - logs.Sum(chunk => chunk.Bytes.Length);
            return left > 0
                ? new AttemptReport { Job = Id.Job, Attempt = Id.Number, State = _phase, Logs = logs }
                : _end with { Logs = logs };
        }
    }

    public void Acknowledge(AttemptReport report)
    {
        lock (_lock)
        {
            foreach (var chunk in report.Logs)
            {
                _stdout.Acknowledge(chunk);
                _stderr.Acknowledge(chunk);
            }

            if (report.Result is not null)
                _endAcknowledged = _time.GetTimestamp();
            else
                (_acknowledgedPhase, _acknowledgedPull) = (report.State, report.Pull ?? _acknowledgedPull);
        }
    }

    /// <summary>The last lines of standard error, or of standard output when there was no error output.</summary>
    public string? LastOutput()
    {
        const int lastBytes = 4096;
        const int lastLines = 20;
        lock (_lock)
        {
            var text = Guarded(() => _stderr.LastText(lastBytes)) is { Length: > 0 } error ? error : Guarded(() => _stdout.LastText(lastBytes));
            return string.IsNullOrWhiteSpace(text) ? null : string.Join('\n', text.TrimEnd('\n').Split('\n').TakeLast(lastLines));
        }
    }

    /// <summary>Why logs could not be read, when that happened: the container put something else in their place.</summary>
    public string? LogFault => _logFault;

    private T? Guarded<T>(Func<T?> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is AhoyException or IOException)
        {
            _logFault = e.Message;
            return default;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _stdout.Dispose();
            _stderr.Dispose();
        }

        _stop.Dispose();
    }
}
