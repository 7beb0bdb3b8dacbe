using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Master.Jobs;

/// <summary>
/// What is asked often, in memory: jobs that have not ended (and the last ones that have), the queue by requirements, and the
/// jobs of each agent. Rebuilt from the store at start. Rows are published after their commit; as commits complete in any
/// order, an older version never replaces a newer one.
/// </summary>
internal sealed class JobIndex
{
    private const int KeptEnded = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<JobId, Entry> _jobs = [];
    private readonly Dictionary<Requirement, SortedSet<long>> _queue = [];
    private readonly Dictionary<JobId, string> _claims = [];
    private readonly Dictionary<string, Load> _byAgent = [];
    private readonly Queue<JobId> _ended = new();

    /// <summary>How often a kind of requirement was looked at for an agent: what matching costs.</summary>
    public long Looks { get; private set; }

    /// <summary>Called after each published change, outside the lock.</summary>
    public event Action<JobRow>? Changed;

    /// <summary>Takes in a row that is on disk.</summary>
    public void Publish(JobRow row) => Publish([row]);

    /// <summary>Takes in rows that are on disk.</summary>
    public void Publish(IReadOnlyList<JobRow> rows)
    {
        var taken = new List<(JobRow Row, TaskCompletionSource? Changed)>(rows.Count);
        lock (_gate)
        {
            foreach (var row in rows)
            {
                _jobs.TryGetValue(row.Id, out var entry);
                if (entry is not null && entry.Row.Version >= row.Version)
                    continue;
                if (entry is not null)
                    Remove(entry);
                Add(_jobs[row.Id] = new Entry(row));
                taken.Add((row, entry?.Changed));
            }
        }

        foreach (var (row, changed) in taken)
        {
            changed?.TrySetResult();
            Changed?.Invoke(row);
        }
    }

    public JobRow? Find(JobId id)
    {
        lock (_gate)
        {
            return _jobs.GetValueOrDefault(id)?.Row;
        }
    }

    /// <summary>Keeps how far the job's image is, until the job's next change. It wakes nobody: who draws it asks again by itself.</summary>
    public void Pulled(JobId id, PullProgress pull)
    {
        lock (_gate)
        {
            if (_jobs.TryGetValue(id, out var entry) && entry.Row.State == JobState.Preparing)
                entry.Pull = pull;
        }
    }

    public PullProgress? PullOf(JobId id)
    {
        lock (_gate)
        {
            return _jobs.GetValueOrDefault(id)?.Pull;
        }
    }

    /// <summary>Completes when the job's version is greater than <paramref name="version"/>; at once for jobs that are not here.</summary>
    public Task WhenChanged(JobId id, long version)
    {
        lock (_gate)
        {
            return _jobs.TryGetValue(id, out var entry) && entry.Row.Version <= version ? entry.Changed.Task : Task.CompletedTask;
        }
    }

    /// <summary>Wakes those who wait for the job, without a new version: there is more of its log.</summary>
    public void Nudge(JobId id)
    {
        TaskCompletionSource? changed = null;
        lock (_gate)
        {
            if (_jobs.TryGetValue(id, out var entry))
            {
                changed = entry.LogGrown;
                entry.LogGrown = NewSignal();
            }
        }

        changed?.TrySetResult();
    }

    /// <summary>Completes when the job's log has grown or the job has changed.</summary>
    public Task WhenLogGrown(JobId id)
    {
        lock (_gate)
        {
            return _jobs.TryGetValue(id, out var entry) && !entry.Row.State.IsTerminal()
                ? Task.WhenAny(entry.LogGrown.Task, entry.Changed.Task)
                : Task.CompletedTask;
        }
    }

    public IReadOnlyList<JobRow> OfAgent(string agent)
    {
        lock (_gate)
        {
            return _byAgent.TryGetValue(agent, out var load) ? [.. load.Jobs.Select(id => _jobs[id].Row)] : [];
        }
    }

    /// <summary>What an agent could still take beside its jobs and those that are claimed for it.</summary>
    public (int Cpus, long MemoryBytes) Room(string agent, AgentCapabilities capabilities)
    {
        lock (_gate)
        {
            return RoomOf(agent, capabilities);
        }
    }

    /// <summary>What the job needs, while it is in the queue; null when it is not (any more).</summary>
    public Requirement? QueuedAs(JobId id)
    {
        lock (_gate)
        {
            return _jobs.GetValueOrDefault(id)?.Requirement is { } requirement && IsQueued(requirement, id) ? requirement : null;
        }
    }

    /// <summary>True while there is a queued job of this kind.</summary>
    public bool AnyQueued(Requirement requirement)
    {
        lock (_gate)
        {
            return _queue.ContainsKey(requirement);
        }
    }

    /// <summary>
    /// Takes from the queue, oldest first, the jobs that the agent <paramref name="mayTake"/>, as many as it has room for. Each counts as the agent's until
    /// its next row is published, or the claim is released. Costs one look per kind of requirement, and a little per job taken, however long the queue.
    /// </summary>
    public IReadOnlyList<JobRow> Claim(string agent, AgentCapabilities capabilities, Func<Requirement, bool> mayTake)
    {
        lock (_gate)
        {
            var (cpus, memory) = RoomOf(agent, capabilities);
            var kinds = new PriorityQueue<Requirement, long>();
            foreach (var (requirement, ids) in cpus > 0 ? _queue : [])
            {
                Looks++;
                if (requirement.Cpus <= cpus && requirement.MemoryBytes <= memory && mayTake(requirement))
                    kinds.Enqueue(requirement, ids.Min);
            }

            var claimed = new List<JobRow>();
            while (kinds.TryDequeue(out var requirement, out var oldest))
            {
                // What does not fit beside those taken now waits for the next time.
                if (requirement.Cpus > cpus || requirement.MemoryBytes > memory)
                    continue;
                var id = new JobId(oldest);
                Unqueue(requirement, id);
                _claims[id] = agent;
                LoadOf(agent).Claim(requirement);
                cpus -= requirement.Cpus;
                memory -= requirement.MemoryBytes;
                claimed.Add(_jobs[id].Row);
                if (_queue.TryGetValue(requirement, out var rest))
                    kinds.Enqueue(requirement, rest.Min);
            }

            return claimed;
        }
    }

    /// <summary>Gives up a claim whose job could not be assigned: the job is in the queue again, if it still is to be.</summary>
    public void Release(JobId id)
    {
        lock (_gate)
        {
            if (EndClaim(id) && _jobs.TryGetValue(id, out var entry) && entry.Requirement is { } requirement)
                Enqueue(requirement, id);
        }
    }

    private void Add(Entry entry)
    {
        var row = entry.Row;
        if (entry.Requirement is { } requirement)
        {
            Enqueue(requirement, row.Id);
        }
        else if (row.State.IsTerminal())
        {
            _ended.Enqueue(row.Id);
            if (_ended.Count > KeptEnded)
                _jobs.Remove(_ended.Dequeue());
        }
        else if (row.Agent is not null)
        {
            LoadOf(row.Agent).Add(row);
        }
    }

    private void Remove(Entry entry)
    {
        var row = entry.Row;
        if (entry.Requirement is { } requirement)
        {
            EndClaim(row.Id);
            Unqueue(requirement, row.Id);
        }
        else if (row.Agent is not null && !row.State.IsTerminal() && _byAgent.TryGetValue(row.Agent, out var load))
        {
            load.Remove(row);
            Tidy(row.Agent, load);
        }
    }

    private bool IsQueued(Requirement requirement, JobId id) => _queue.TryGetValue(requirement, out var ids) && ids.Contains(id.Value);

    private void Enqueue(Requirement requirement, JobId id)
    {
        if (!_queue.TryGetValue(requirement, out var ids))
            _queue[requirement] = ids = [];
        ids.Add(id.Value);
    }

    private void Unqueue(Requirement requirement, JobId id)
    {
        if (_queue.TryGetValue(requirement, out var ids) && ids.Remove(id.Value) && ids.Count == 0)
            _queue.Remove(requirement);
    }

    private bool EndClaim(JobId id)
    {
        if (!_claims.Remove(id, out var agent))
            return false;
        var load = LoadOf(agent);
        load.Unclaim(_jobs[id].Requirement!);
        Tidy(agent, load);
        return true;
    }

    private (int Cpus, long MemoryBytes) RoomOf(string agent, AgentCapabilities capabilities) =>
        _byAgent.TryGetValue(agent, out var load) ? (capabilities.Cpus - load.Cpus, capabilities.MemoryBytes - load.MemoryBytes) : (capabilities.Cpus, capabilities.MemoryBytes);

    private Load LoadOf(string agent) =>
        _byAgent.TryGetValue(agent, out var load) ? load : _byAgent[agent] = new Load();

    private void Tidy(string agent, Load load)
    {
        if (load.IsEmpty)
            _byAgent.Remove(agent);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Entry(JobRow row)
    {
        public JobRow Row { get; } = row;
        public PullProgress? Pull { get; set; }
        /// <summary>Of a queued job.</summary>
        public Requirement? Requirement { get; } = row.State == JobState.Queued ? Requirement.Of(row) : null;
        public TaskCompletionSource Changed { get; } = NewSignal();
        public TaskCompletionSource LogGrown { get; set; } = NewSignal();
    }

    /// <summary>What an agent has: its jobs, and what is claimed for it.</summary>
    private sealed class Load
    {
        private int _claims;

        public HashSet<JobId> Jobs { get; } = [];
        public int Cpus { get; private set; }
        public long MemoryBytes { get; private set; }
        public bool IsEmpty => Jobs.Count == 0 && _claims == 0;

        public void Add(JobRow row)
        {
            Jobs.Add(row.Id);
            Count(row.Request.Resources.Cpus, row.Request.Resources.MemoryBytes, 1);
        }

        public void Remove(JobRow row)
        {
            Jobs.Remove(row.Id);
            Count(row.Request.Resources.Cpus, row.Request.Resources.MemoryBytes, -1);
        }

        public void Claim(Requirement requirement)
        {
            _claims++;
            Count(requirement.Cpus, requirement.MemoryBytes, 1);
        }

        public void Unclaim(Requirement requirement)
        {
            _claims--;
            Count(requirement.Cpus, requirement.MemoryBytes, -1);
        }

        private void Count(int cpus, long memoryBytes, int sign)
        {
            Cpus += sign * cpus;
            MemoryBytes += sign * memoryBytes;
        }
    }
}
