using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Master.Agents;

/// <summary>What the master knows about an agent from its contacts. In memory only: a restarted master learns it anew within one contact.</summary>
internal sealed class AgentSession(string name)
{
    /// <summary>After the second fault in a row; doubled with each further one.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    private readonly Lock _gate = new();
    private readonly Dictionary<(AttemptId Attempt, string What), DateTimeOffset> _told = [];
    private TaskCompletionSource _woken = NewSignal();
    private string? _process;
    private long _number;
    private long _sequence;
    private long _heard;
    private bool _newProcess;
    private int _open;
    private int _faults;
    private string _lastFault = "";
    private long? _lostAt;

    public string Name { get; } = name;
    public AgentCapabilities? Capabilities { get; private set; }
    /// <summary>For people; leases run by <see cref="SilentFor"/>.</summary>
    public DateTimeOffset LastContact { get; private set; }
    public bool Draining { get; private set; }
    public string? DrainingReason { get; private set; }
    public IReadOnlySet<AttemptId> Held { get; private set; } = new HashSet<AttemptId>();

    /// <summary>False until the agent itself has said what it holds: before, nothing can be concluded from <see cref="Held"/>.</summary>
    public bool HasSpoken => _process is not null;

    /// <summary>True while one of its calls is here to be answered.</summary>
    public bool IsInContact => Volatile.Read(ref _open) > 0;

    /// <summary>How long ago its last call began, by a clock that nobody sets and that stands still while the computer sleeps.</summary>
    public TimeSpan SilentFor(TimeProvider time)
    {
        lock (_gate)
        {
            return time.GetElapsedTime(_heard);
        }
    }

    /// <summary>The agent's process that said last what it holds.</summary>
    public string? Process
    {
        get
        {
            lock (_gate)
            {
                return _process;
            }
        }
    }

    /// <summary>The process that the master's disk knows: everything that an earlier one was given and that this one does not hold has been taken back.</summary>
    public string? StoredProcess { get; set; }

    /// <summary>A session that begins with this master's start: its lease runs from now.</summary>
    public void Expect(AgentCapabilities? capabilities, string? process, TimeProvider time)
    {
        StoredProcess = process;
        Capabilities = capabilities;
        LastContact = time.GetUtcNow();
        _heard = time.GetTimestamp();
    }

    /// <summary>Takes in a call. Of two calls on their way at once, only what the later one (by sequence) says of the agent counts.</summary>
    /// <returns>True when capabilities changed.</returns>
    public bool Hear(ContactRequest request, TimeProvider time)
    {
        lock (_gate)
        {
            // A call of a process that is gone, long on its way.
            if (request.Process < _number)
                return false;
            LastContact = time.GetUtcNow();
            _heard = time.GetTimestamp();
            if (request.Session == _process && request.Sequence <= _sequence)
                return false;
            if (request.Session != _process)
            {
                _told.Clear();
                // Of an agent whose process this master never knew, nothing can be concluded.
                _newProcess = (_process ?? StoredProcess) is { } before && before != request.Session;
            }

            _process = request.Session;
            _number = request.Process;
            _sequence = request.Sequence;
            Held = request.Held.Select(held => new AttemptId(held.Job, held.Attempt)).ToHashSet();
            Draining = request.Draining;
            DrainingReason = request.DrainingReason;
            var changed = Capabilities is null || !SameCapabilities(Capabilities, request.Capabilities);
            Capabilities = request.Capabilities;
            return changed;
        }
    }

    /// <summary>An attempt was lost here, through no fault of its program. Faults in a row bring a growing pause; those that come in the pause are of attempts from before it.</summary>
    public void Fault(string what, TimeProvider time)
    {
        lock (_gate)
        {
            if (Pause(time) > TimeSpan.Zero)
                return;
            _faults++;
            _lastFault = what;
            _lostAt = time.GetTimestamp();
        }
    }

    /// <summary>The site would not have an attempt: no fault, but another agent is to be asked first.</summary>
    public void Refused(TimeProvider time)
    {
        lock (_gate)
        {
            _lostAt = time.GetTimestamp();
        }
    }

    /// <summary>A program ran here to its end: the host works.</summary>
    public void Works()
    {
        lock (_gate)
        {
            _faults = 0;
        }
    }

    /// <summary>How long this agent is given no jobs, and why; zero when it is.</summary>
    public (TimeSpan Left, string Reason) PauseLeft(TimeProvider time)
    {
        lock (_gate)
        {
            return (Pause(time), $"{_faults} attempts in a row failed on it, the last one so: {_lastFault}");
        }
    }

    /// <summary>True when an attempt was lost here within this time.</summary>
    public bool LostWithin(TimeSpan span, TimeProvider time)
    {
        lock (_gate)
        {
            return _lostAt is { } lost && time.GetElapsedTime(lost) < span;
        }
    }

    private TimeSpan Pause(TimeProvider time)
    {
        if (_faults < 2 || _lostAt is not { } lost)
            return TimeSpan.Zero;
        var whole = FirstPause * Math.Pow(2, Math.Min(_faults - 2, 20));
        var left = (whole < LongestPause ? whole : LongestPause) - time.GetElapsedTime(lost);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>True once after each start of the agent: what an earlier process was given and this one does not hold may have begun already, and must not be given again as if it had not.</summary>
    public bool TakeNewProcess()
    {
        lock (_gate)
        {
            var taken = _newProcess;
            _newProcess = false;
            return taken;
        }
    }

    /// <summary>True when the agent should be told (again): a response may have been lost, so what shows no effect is repeated after a while.</summary>
    public bool ShouldTell(AttemptId attempt, string what, DateTimeOffset now, TimeSpan repeatAfter)
    {
        lock (_gate)
        {
            if (_told.TryGetValue((attempt, what), out var told) && now - told < repeatAfter)
                return false;
            _told[(attempt, what)] = now;
            return true;
        }
    }

    /// <summary>Forgets what was told about attempts that are over.</summary>
    public void ForgetExcept(IReadOnlySet<AttemptId> attempts)
    {
        lock (_gate)
        {
            foreach (var key in _told.Keys.Where(key => !attempts.Contains(key.Attempt)).ToList())
            {
                _told.Remove(key);
            }
        }
    }

    public IDisposable Enter()
    {
        Interlocked.Increment(ref _open);
        return new Leave(this);
    }

    /// <summary>Completes at the next <see cref="Wake"/>. Take it before looking whether there is something to say.</summary>
    public Task WhenWoken()
    {
        lock (_gate)
        {
            return _woken.Task;
        }
    }

    public void Wake()
    {
        TaskCompletionSource woken;
        lock (_gate)
        {
            woken = _woken;
            _woken = NewSignal();
        }

        woken.TrySetResult();
    }

    private static bool SameCapabilities(AgentCapabilities one, AgentCapabilities other) =>
        one with { Labels = other.Labels, AllowedUsers = other.AllowedUsers, AllowedImages = other.AllowedImages } == other
        && one.Labels.Count == other.Labels.Count && !one.Labels.Except(other.Labels).Any()
        && one.AllowedUsers.SequenceEqual(other.AllowedUsers) && one.AllowedImages.SequenceEqual(other.AllowedImages);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Leave(AgentSession session) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref session._open);
    }
}
