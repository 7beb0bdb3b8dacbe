using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Master;
using Ahoy.Master.Jobs;
using Microsoft.Extensions.Time.Testing;

namespace Ahoy.Tests.Master.Simulation;

/// <summary>A master, agents, users and the network between them, driven by one random number generator: the same seed does the same.</summary>
internal sealed class SimulatedWorld(int seed, string directory)
{
    private const string User = "ada";
    private static readonly string[] Names = ["a", "b", "c"];

    private readonly Random _random = new(seed);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MasterOptions _options = new() { DataDirectory = directory, Listen = "", Lease = TimeSpan.FromSeconds(30), CancelLimit = TimeSpan.FromSeconds(20) };
    private readonly List<SimulatedAgent> _agents = [];
    private readonly List<SimulatedAgent.Call> _network = [];
    private readonly HashSet<JobId> _accepted = [];
    private readonly Dictionary<string, JobId> _keys = [];
    private readonly Dictionary<JobId, DateTimeOffset> _canceled = [];
    private readonly Dictionary<JobId, string> _ended = [];
    private readonly HashSet<AttemptId> _begun = [];
    private readonly List<string> _history = [];
    private SimulatedMaster _master = null!;

    /// <summary>What happened, for who replays it.</summary>
    public string History => string.Join('\n', _history.TakeLast(60));

    public async Task RunAsync(int steps)
    {
        _master = SimulatedMaster.Open(directory, _options, _time);
        try
        {
            await _master.AddImageAsync("base");
            foreach (var name in Names)
            {
                await _master.AddAgentAsync(name);
                var agent = new SimulatedAgent(name, 1 + _random.Next(3), new Random(_random.Next()));
                agent.Start(withJournal: false);
                _agents.Add(agent);
            }

            for (var step = 0; step < steps; step++)
            {
                await StepAsync();
                Check();
            }

            await CalmAsync();
        }
        finally
        {
            await _master.KillAsync(null);
        }
    }

    private Task StepAsync()
    {
        var agent = _agents[_random.Next(_agents.Count)];
        return _random.Next(100) switch
        {
            < 12 => SubmitAsync(),
            < 15 => CancelAsync(),
            < 35 => Done(() => Ask(agent)),
            < 62 => ArriveAsync(),
            < 82 => WorkAsync(agent),
            < 92 => PassAsync(TimeSpan.FromSeconds(_random.Next(1, 8))),
            < 93 => PassAsync(_options.Lease + TimeSpan.FromSeconds(1)),
            < 95 => Done(() => Say($"{agent.Name} cut off: {agent.CutOff = !agent.CutOff}")),
            < 96 => Done(() => Say($"{agent.Name} ignores cancels: {agent.IgnoresCancels = !agent.IgnoresCancels}")),
            < 98 => Done(() => Restart(agent)),
            _ => CrashAsync(),
        };

        static Task Done(Action action)
        {
            action();
            return Task.CompletedTask;
        }
    }

    private async Task SubmitAsync()
    {
        // Now and then a client repeats a submission whose answer it did not get.
        var key = _keys.Count > 0 && _random.Next(5) == 0 ? _keys.Keys.ElementAt(_random.Next(_keys.Count)) : $"key{_keys.Count}";
        var (view, created) = await _master.Jobs.SubmitAsync(User, Request(), key);
        Say($"submitted {view.Id} with {key}{(created ? "" : ", again")}");
        Require(_keys.TryAdd(key, view.Id) ? created : !created && _keys[key] == view.Id, $"the key {key} gave job {view.Id}");
        _accepted.Add(view.Id);
        await _master.Matcher.TakeNewsAsync();
    }

    private async Task CancelAsync()
    {
        if (_accepted.Count == 0)
            return;
        var id = _accepted.ElementAt(_random.Next(_accepted.Count));
        var view = await _master.Jobs.CancelAsync(User, id);
        Say($"canceled {id}: {view.State}");
        if (view.State is JobState.Canceling)
            _canceled.TryAdd(id, _time.GetUtcNow());
        await _master.Matcher.TakeNewsAsync();
    }

    private void Ask(SimulatedAgent agent)
    {
        if (agent.Waiting is not null)
        {
            // Its time is over; the call may still arrive, after later ones.
            agent.GiveUp();
            return;
        }

        _network.Add(agent.Ask());
    }

    private async Task ArriveAsync()
    {
        var there = _network.Where(call => !call.Agent.CutOff).ToList();
        if (there.Count == 0)
            return;
        var call = there[_random.Next(there.Count)];
        if (_random.Next(10) != 0)
            _network.Remove(call);
        if (_random.Next(12) == 0)
        {
            Say($"a call of {call.Agent.Name} is lost");
            return;
        }

        var answer = await _master.ContactAsync(call.Agent.Name, call.Request);
        await _master.Matcher.TakeNewsAsync();
        Say($"{call.Request.Session} #{call.Request.Sequence} [{string.Join(' ', call.Request.Reports.Select(report => $"{report.Job}.{report.Attempt} {report.State}"))}] -> "
            + $"start [{string.Join(' ', answer.Start.Select(order => $"{order.Job}.{order.Attempt}"))}] cancel {answer.Cancel.Count} discard {answer.Discard.Count} settled {answer.Settled.Count}");
        if (_random.Next(8) == 0)
        {
            Say("its answer is lost");
            return;
        }

        foreach (var attempt in call.Agent.Take(call, answer))
        {
            Require(_begun.Add(attempt), $"attempt {attempt} began a second time, on {call.Agent.Name}");
        }
    }

    private async Task WorkAsync(SimulatedAgent agent)
    {
        if (!agent.CutOff)
            await agent.WorkAsync((attempt, bytes) => _master.UploadAsync(agent.Name, attempt, bytes));
    }

    private async Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        await _master.Lost.CheckAsync();
        await _master.Matcher.TakeNewsAsync();
    }

    private void Restart(SimulatedAgent agent)
    {
        var withJournal = _random.Next(3) != 0;
        Say($"{agent.Name} starts again {(withJournal ? "with" : "without")} its journal");
        agent.Start(withJournal);
    }

    private async Task CrashAsync()
    {
        var calls = _network.Where(call => !call.Agent.CutOff).ToList();
        var call = calls.Count > 0 ? calls[_random.Next(calls.Count)] : null;
        Say($"the master is killed{(call is null ? "" : $" in a call of {call.Agent.Name}")}");
        await _master.KillAsync(call is null || _random.Next(2) == 0 ? null : () => _master.ContactAsync(call.Agent.Name, call.Request));
        _master = SimulatedMaster.Open(directory, _options, _time);
    }

    /// <summary>Everything is well again: then every job ends, and no agent keeps anything.</summary>
    private async Task CalmAsync()
    {
        Say("calm");
        foreach (var agent in _agents)
        {
            (agent.CutOff, agent.IgnoresCancels) = (false, false);
            agent.GiveUp();
        }

        for (var round = 0; round < 400; round++)
        {
            foreach (var agent in _agents)
            {
                if (agent.Waiting is null)
                    _network.Add(agent.Ask());
                await agent.WorkAsync((attempt, bytes) => _master.UploadAsync(agent.Name, attempt, bytes));
            }

            foreach (var call in _network.ToList())
            {
                _network.Remove(call);
                var answer = await _master.ContactAsync(call.Agent.Name, call.Request);
                await _master.Matcher.TakeNewsAsync();
                foreach (var attempt in call.Agent.Take(call, answer))
                {
                    Require(_begun.Add(attempt), $"attempt {attempt} began a second time, on {call.Agent.Name}");
                }
            }

            await PassAsync(TimeSpan.FromSeconds(6));
            Check();
            if (_accepted.All(_ended.ContainsKey) && _agents.All(agent => !agent.Held.Any()))
                return;
        }

        Require(false, $"after a long calm these jobs have not ended: {string.Join(' ', _accepted.Where(id => !_ended.ContainsKey(id)))}; and agents keep {string.Join(' ', _agents.SelectMany(agent => agent.Held))}");
    }

    /// <summary>What must hold at any time (DESIGN: job life cycle).</summary>
    private void Check()
    {
        var load = _agents.ToDictionary(agent => agent.Name, _ => 0);
        // Now and then all of the disk is compared; else only what is in memory.
        var deep = _random.Next(12) == 0;
        foreach (var id in _accepted)
        {
            if (_ended.ContainsKey(id) && !deep)
                continue;
            var row = deep ? _master.Store.Find(id) : _master.Index.Find(id) ?? _master.Store.Find(id);
            Require(row is not null, $"job {id} was accepted and is gone");
            Require(row!.State.IsTerminal() || _master.Index.Find(id)?.Version == row.Version, $"job {id} is on disk in version {row.Version}, in memory in {_master.Index.Find(id)?.Version}");
            Require(row.State.IsTerminal() || row.View(null).Outputs.Count == 0, $"job {id} shows outputs while {row.State}");
            if (row.State.IsTerminal())
                CheckEnd(row);
            else if (row.Agent is not null)
                load[row.Agent] += row.Request.Resources.Cpus;
            if (_canceled.TryGetValue(id, out var since) && !row.State.IsTerminal())
                Require(_time.GetUtcNow() - since <= _options.Lease + _options.CancelLimit + TimeSpan.FromMinutes(1), $"job {id} was canceled at {since:T} and is {row.State}");
        }

        foreach (var agent in _agents)
        {
            Require(load[agent.Name] <= agent.Cpus, $"{agent.Name} with {agent.Cpus} cpus has jobs for {load[agent.Name]}");
        }
    }

    private void CheckEnd(JobRow row)
    {
        var end = $"{row.State} {JsonSerializer.Serialize(row.Result!, AhoyJson.Default.AttemptResult)}";
        Require(_ended.TryAdd(row.Id, end) ? true : _ended[row.Id] == end, $"job {row.Id} had ended with {_ended[row.Id]} and is now {end}");
        if (row.State == JobState.Complete)
        {
            var output = row.Result!.Outputs.SingleOrDefault();
            Require(output?.Digest == Digest.Of(SimulatedAgent.Output(row.AttemptId, row.Agent!)), $"the output of job {row.Id} is not the one of attempt {row.AttemptId} on {row.Agent}");
            Require(_master.Holds(output!), $"the output of job {row.Id} is not in the store");
        }
        else
        {
            Require(row.Result?.End is not null, $"job {row.Id} is {row.State} without a cause");
        }
    }

    private JobRequest Request() => new()
    {
        Image = "base",
        Command = ["/bin/true"],
        Outputs = [new JobOutput { Path = "out" }],
        Resources = new JobResources { MemoryBytes = 16 << 20 },
    };

    private void Say(string what) => _history.Add($"{_time.GetUtcNow():HH:mm:ss} {what}");

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new InvalidOperationException(otherwise);
    }
}
