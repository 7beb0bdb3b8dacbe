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
    private readonly Dictionary<string, HashSet<JobId>> _byAgent = [];
    private readonly Queue<JobId> _ended = new();

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
                    Remove(entry.Row);
                _jobs[row.Id] = new Entry(row);
                Add(row);
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
            return _byAgent.TryGetValue(agent, out var ids) ? [.. ids.Select(id => _jobs[id].Row)] : [];
        }
    }

    /// <summary>The oldest queued job whose requirement <paramref name="fits"/> and that is not among <paramref name="except"/>. Costs one look per kind of requirement, however long the queue.</summary>
    public JobRow? FirstQueued(Func<Requirement, bool> fits, HashSet<JobId> except)
    {
        lock (_gate)
        {
            var first = long.MaxValue;
            foreach (var (requirement, ids) in _queue)
            {
                if (ids.Min >= first || !fits(requirement))
                    continue;
                foreach (var id in ids)
                {
                    if (id >= first)
                        break;
                    if (except.Contains(new JobId(id)))
                        continue;
                    first = id;
                    break;
                }
            }

            return first == long.MaxValue ? null : _jobs[new JobId(first)].Row;
        }
    }

    private void Add(JobRow row)
    {
        if (row.State == JobState.Queued)
        {
            var requirement = Requirement.Of(row.Request);
            if (!_queue.TryGetValue(requirement, out var ids))
                _queue[requirement] = ids = [];
            ids.Add(row.Id.Value);
        }
        else if (row.State.IsTerminal())
        {
            _ended.Enqueue(row.Id);
            if (_ended.Count > KeptEnded)
                _jobs.Remove(_ended.Dequeue());
        }
        else if (row.Agent is not null)
        {
            if (!_byAgent.TryGetValue(row.Agent, out var ids))
                _byAgent[row.Agent] = ids = [];
            ids.Add(row.Id);
        }
    }

    private void Remove(JobRow row)
    {
        if (row.State == JobState.Queued)
        {
            var requirement = Requirement.Of(row.Request);
            var ids = _queue[requirement];
            ids.Remove(row.Id.Value);
            if (ids.Count == 0)
                _queue.Remove(requirement);
        }
        else if (row.Agent is not null && !row.State.IsTerminal())
        {
            var ids = _byAgent[row.Agent];
            ids.Remove(row.Id);
            if (ids.Count == 0)
                _byAgent.Remove(row.Agent);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Entry(JobRow row)
    {
        public JobRow Row { get; } = row;
        public PullProgress? Pull { get; set; }
        public TaskCompletionSource Changed { get; } = NewSignal();
        public TaskCompletionSource LogGrown { get; set; } = NewSignal();
    }
}
