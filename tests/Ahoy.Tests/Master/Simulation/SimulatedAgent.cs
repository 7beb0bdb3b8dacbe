using System.Text;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Master.Simulation;

/// <summary>An agent as the master sees it: it begins what it is given, tells news until they are acknowledged, and may die at any time.</summary>
internal sealed class SimulatedAgent(string name, int cpus, Random random)
{
    private readonly Dictionary<AttemptId, Work> _work = [];
    private string _session = "";
    private long _sequence;
    private int _starts;

    public string Name { get; } = name;
    public int Cpus { get; } = cpus;
    /// <summary>The call that it waits for; null when there is none.</summary>
    public Call? Waiting { get; private set; }
    /// <summary>Does as if it had not heard of cancels.</summary>
    public bool IgnoresCancels { get; set; }
    public bool CutOff { get; set; }
    public IEnumerable<AttemptId> Held => _work.Keys;

    /// <summary>A new process, with the journal of the one before or without.</summary>
    public void Start(bool withJournal)
    {
        _session = $"{Name}/{++_starts}";
        _sequence = 0;
        Waiting = null;
        if (!withJournal)
            _work.Clear();
        foreach (var work in _work.Values)
        {
            work.Acknowledged = JobState.Queued;
        }
    }

    public Call Ask()
    {
        var news = _work.Where(work => work.Value.Acknowledged != work.Value.State)
            .Select(work => new AttemptReport { Job = work.Key.Job, Attempt = work.Key.Number, State = work.Value.State, Result = work.Value.Result })
            .ToList();
        return Waiting = new Call(this, new ContactRequest
        {
            Sequence = ++_sequence,
            Session = _session,
            Capabilities = new AgentCapabilities { Cpus = Cpus, MemoryBytes = 1L << 40, Runtime = "crun", Enforcement = "enforced", Version = "1" },
            Held = [.. _work.Keys.Select(attempt => new HeldAttempt { Job = attempt.Job, Attempt = attempt.Number })],
            Reports = news,
            WaitSeconds = 0,
        });
    }

    /// <summary>It waits no longer; the call itself may still arrive.</summary>
    public void GiveUp() => Waiting = null;

    /// <summary>Takes an answer, when it still waits for it.</summary>
    /// <returns>The attempts that begin now.</returns>
    public IReadOnlyList<AttemptId> Take(Call call, ContactResponse answer)
    {
        if (Waiting != call)
            return [];
        Waiting = null;
        foreach (var report in call.Request.Reports)
        {
            if (_work.TryGetValue(new AttemptId(report.Job, report.Attempt), out var told) && told.State == report.State)
                told.Acknowledged = report.State;
        }

        foreach (var over in answer.Settled.Concat(answer.Discard))
        {
            _work.Remove(Id(over));
        }

        foreach (var canceled in answer.Cancel)
        {
            if (!IgnoresCancels && _work.TryGetValue(Id(canceled), out var work) && !work.State.IsTerminal())
                work.End(JobState.Canceled, new AttemptResult());
        }

        var begun = new List<AttemptId>();
        foreach (var order in answer.Start)
        {
            var attempt = new AttemptId(order.Job, order.Attempt);
            if (_work.TryAdd(attempt, new Work()))
                begun.Add(attempt);
        }

        return begun;
    }

    /// <summary>One of its attempts gets a step further.</summary>
    /// <param name="upload">Delivers bytes as an output of the attempt.</param>
    public async Task WorkAsync(Func<AttemptId, byte[], Task> upload)
    {
        var running = _work.Where(work => !work.Value.State.IsTerminal()).ToList();
        if (running.Count == 0)
            return;
        var (attempt, work) = running[random.Next(running.Count)];
        switch (work.State)
        {
            case JobState.Delivering:
                var bytes = Output(attempt, Name);
                try
                {
                    await upload(attempt, bytes);
                }
                catch (AhoyException e) when (e.Code == ErrorCode.StaleAttempt)
                {
                    // It will be told to discard it.
                    return;
                }

                work.End(JobState.Complete, new AttemptResult { ExitCode = 0, Outputs = [new OutputFile { Path = "out", Digest = Digest.Of(bytes), Size = bytes.Length }] });
                break;
            case JobState.Running when random.Next(6) == 0:
                work.End(JobState.Failed, new AttemptResult { ExitCode = 3, End = End(EndCause.ExitCode, "It returned 3.") });
                break;
            case JobState.Preparing when random.Next(8) == 0:
                work.End(JobState.SystemError, new AttemptResult { Retry = true, End = End(EndCause.RuntimeFailed, "It did not start.") });
                break;
            default:
                work.State++;
                break;
        }
    }

    /// <summary>What this attempt, and no other, leaves behind.</summary>
    public static byte[] Output(AttemptId attempt, string agent) => Encoding.UTF8.GetBytes($"{attempt} on {agent}");

    private static JobEnd End(EndCause cause, string message) => new() { Cause = cause, Phase = JobState.Running, Message = message };

    private static AttemptId Id(HeldAttempt held) => new(held.Job, held.Attempt);

    /// <summary>A call on its way. It may arrive late, twice, or never.</summary>
    internal sealed record Call(SimulatedAgent Agent, ContactRequest Request);

    private sealed class Work
    {
        public JobState State { get; set; } = JobState.Preparing;
        public JobState Acknowledged { get; set; } = JobState.Queued;
        public AttemptResult? Result { get; private set; }

        public void End(JobState state, AttemptResult result) => (State, Result) = (state, result);
    }
}
