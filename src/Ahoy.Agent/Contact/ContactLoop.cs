using System.Diagnostics;
using Ahoy.Agent.Attempts;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Units;
using Microsoft.Extensions.Logging;

namespace Ahoy.Agent.Contact;

/// <summary>
/// Keeps the master informed: one call that waits at the master for work, and beside it at most one immediate call that carries news.
/// News that comes while one is under way goes with the next. What was not acknowledged is sent again.
/// </summary>
internal sealed partial class ContactLoop(MasterClient master, AttemptBoard board, AgentHost host, long process, Signal news, TimeProvider time, ILogger logger)
{
    /// <summary>An empty answer that comes sooner than this means that the master does not want to hold the call.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly string _session = Guid.NewGuid().ToString("N");
    private readonly AgentCapabilities _capabilities = Capabilities(host);
    private long _sequence;
    private long _lastContact;
    private int _leaseSeconds;
    private bool _lossTold;
    private volatile bool _drainingTold;

    /// <summary>Contacts the master until canceled.</summary>
    /// <param name="onReady">Called after the first contact.</param>
    /// <exception cref="AhoyException"><see cref="ErrorCode.Unauthorized"/> or <see cref="ErrorCode.Forbidden"/> at the first contact: this agent is not the master's.</exception>
    public async Task RunAsync(Action onReady, CancellationToken cancellationToken)
    {
        await FirstAsync(cancellationToken);
        onReady();
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] loops = [WaitForWorkAsync(together.Token), TellNewsAsync(together.Token), board.WatchAsync(together.Token)];
        // None of them ends by itself. When one fails, an agent that is half alive would hold its jobs for ever: all end, and the next start goes on.
        var first = await Task.WhenAny(loops);
        await together.CancelAsync();
        await first;
    }

    private async Task FirstAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff();
        while (true)
        {
            try
            {
                await CallAsync([], waitSeconds: 0, cancellationToken);
                return;
            }
            catch (AhoyException e) when (e.Code is not (ErrorCode.Unauthorized or ErrorCode.Forbidden))
            {
                await DelayAsync(backoff, e, cancellationToken);
            }
        }
    }

    private async Task WaitForWorkAsync(CancellationToken cancellationToken)
    {
        var failures = new Backoff();
        var emptyAnswers = new Backoff();
        while (true)
        {
            try
            {
                var begun = Stopwatch.GetTimestamp();
                var learnt = await CallAsync([], (int)host.Options.ContactWait.TotalSeconds, cancellationToken);
                failures.Reset();
                if (!learnt)
                    board.GiveBackMemory();
                if (learnt || Stopwatch.GetElapsedTime(begun) >= Soon)
                    emptyAnswers.Reset();
                else
                    await Task.Delay(emptyAnswers.Next(), time, cancellationToken);
            }
            catch (AhoyException e)
            {
                await DelayAsync(failures, e, cancellationToken);
            }
        }
    }

    private async Task TellNewsAsync(CancellationToken cancellationToken)
    {
        var failures = new Backoff();
        while (true)
        {
            await news.WaitAsync(cancellationToken);
            try
            {
                var reports = board.CollectReports(out var more);
                if (reports.Count == 0 && DrainingReason() is not null == _drainingTold)
                    continue;
                await CallAsync(reports, waitSeconds: 0, cancellationToken);
                failures.Reset();
                if (more)
                    news.Set();
            }
            catch (AhoyException e)
            {
                news.Set();
                await DelayAsync(failures, e, cancellationToken);
            }
        }
    }

    private async Task<bool> CallAsync(IReadOnlyList<AttemptReport> reports, int waitSeconds, CancellationToken cancellationToken)
    {
        var request = Request(reports, waitSeconds);
        _drainingTold = request.Draining;
        var response = await master.ContactAsync(request, cancellationToken);
        board.Acknowledge(reports);
        Volatile.Write(ref _lastContact, time.GetTimestamp());
        _leaseSeconds = response.LeaseSeconds;
        _lossTold = false;
        return board.Apply(response);
    }

    private ContactRequest Request(IReadOnlyList<AttemptReport> reports, int waitSeconds)
    {
        var reason = DrainingReason();
        lock (_lock)
        {
            return new ContactRequest
            {
                Sequence = ++_sequence,
                Session = _session,
                Process = process,
                Capabilities = _capabilities,
                Draining = reason is not null,
                DrainingReason = reason,
                Held = board.Held(),
                Reports = reports,
                WaitSeconds = waitSeconds,
            };
        }
    }

    private string? DrainingReason()
    {
        if (board.Stuck is { } stuck)
            return stuck;
        var free = new DriveInfo(host.StateDirectory).AvailableFreeSpace;
        return free >= host.Options.DiskReserveBytes
            ? null
            : $"The disk of {host.StateDirectory} has {ByteSize.Format(free)} free, less than its reserve of {ByteSize.Format(host.Options.DiskReserveBytes)}.";
    }

    private async Task DelayAsync(Backoff backoff, AhoyException e, CancellationToken cancellationToken)
    {
        var delay = backoff.Next();
        Log.ContactFailed(logger, backoff.Failures, e.Message, delay.TotalSeconds);
        if (_leaseSeconds > 0 && !_lossTold && time.GetElapsedTime(Volatile.Read(ref _lastContact)).TotalSeconds > _leaseSeconds)
        {
            _lossTold = true;
            Log.LeaseOver(logger, _leaseSeconds);
        }

        await Task.Delay(delay, time, cancellationToken);
    }

    private static AgentCapabilities Capabilities(AgentHost host) => new()
    {
        Cpus = host.Options.Cpus,
        MemoryBytes = host.Options.MemoryBytes,
        MaxWallTimeSeconds = (long?)host.Options.MaxWallTime?.TotalSeconds,
        Labels = host.Options.Labels,
        AllowedUsers = host.Options.AllowedUsers,
        AllowedImages = host.Options.AllowedImages,
        Runtime = host.Runtime.Name,
        Enforcement = host.RuntimeStatus.EnforcesMemory ? "enforced" : $"watched: {host.RuntimeStatus.EnforcementReason}",
        Version = typeof(ContactLoop).Assembly.GetName().Version!.ToString(3),
    };

    private static partial class Log
    {
        [LoggerMessage(30, LogLevel.Warning, "Contact failed ({Failures} times in a row): {Reason} Next try in {Seconds:0.0} s")]
        public static partial void ContactFailed(ILogger logger, int failures, string reason, double seconds);

        [LoggerMessage(31, LogLevel.Warning, "No contact for more than {LeaseSeconds} s: the master may have given this agent's jobs to others. They go on here until it says so")]
        public static partial void LeaseOver(ILogger logger, int leaseSeconds);
    }
}
