using System.Text.Json;
using Ahoy.Agent.Contact;
using Ahoy.Agent.Policy;
using Ahoy.Agent.Relay;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Contracts.Units;
using Ahoy.Runtimes;
using Ahoy.Runtimes.Oci;
using Microsoft.Extensions.Logging;

namespace Ahoy.Agent.Attempts;

/// <summary>
/// Takes one attempt from its order to its end: site policy, image, folder, relay, container, result. Whatever a step throws,
/// <see cref="EndAsync"/> is the one place where the end is set; then the container goes at once, the folder when the master has the end.
/// </summary>
/// <param name="attempt">The attempt.</param>
/// <param name="runtime">Holds its container, or will.</param>
/// <param name="host">What this agent runs on.</param>
/// <param name="master">Where inputs come from and outputs go to.</param>
/// <param name="journal">Knows the attempt until nothing is left of it.</param>
/// <param name="cleaner">Removes what it leaves.</param>
/// <param name="news">Set when the master should hear of the end.</param>
/// <param name="logger">The agent's log.</param>
internal sealed partial class AttemptRunner(
    Attempt attempt, IContainerRuntime runtime, AgentHost host, MasterClient master, AttemptJournal journal, Cleaner cleaner, Signal news, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>The grace that the wrapper gives the program, and some time for the wrapper itself.</summary>
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(ContainerPlan.GraceSeconds + 3);

    /// <summary>For fetching inputs, and again for delivering outputs, before an attempt that has a time limit counts as stuck.</summary>
    private static readonly TimeSpan StagingAllowance = TimeSpan.FromHours(1);

    /// <summary>Longer ones are refused by timers (CancellationTokenSource.CancelAfter: 2^32 - 2 ms).</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    private readonly SitePolicy _policy = new(host.Options);
    private readonly CancellationTokenSource _overdue = new();
    private readonly ContainerHandle _container = new(attempt.ContainerName);
    private EndCause _stepCause = EndCause.RuntimeFailed;
    private RelayServer? _relay;

    /// <param name="running">The other orders that use this host now.</param>
    public Task RunAsync(IReadOnlyList<AttemptOrder> running, CancellationToken shutdown) =>
        UntilReleasedAsync(() => NewAsync(running, shutdown), shutdown);

    /// <summary>Goes on with a container that an earlier agent process started.</summary>
    public Task ResumeAsync(CancellationToken shutdown) => UntilReleasedAsync(() => ResumedAsync(shutdown), shutdown);

    /// <summary>Ends an attempt that an earlier agent process had begun, but of which no container is there.</summary>
    public Task InterruptedAsync(CancellationToken shutdown) => UntilReleasedAsync(() => Task.FromResult(Interrupted()), shutdown);

    /// <summary>Tells an end that an earlier agent process found and perhaps could not tell.</summary>
    public async Task TellAgainAsync(AttemptReport end, CancellationToken shutdown)
    {
        attempt.End(end);
        news.Set();
        await CleanAsync(shutdown);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseRelayAsync();
        _overdue.Dispose();
    }

    /// <summary>Removes everything of the attempt but its logs and its end, and those when the master needs them no more.</summary>
    private async Task CleanAsync(CancellationToken shutdown)
    {
        await CloseRelayAsync();
        await cleaner.UntilDoneAsync($"Container {_container.Name}", () => runtime.RemoveAsync(_container, shutdown), shutdown);
        await attempt.Released.WaitAsync(shutdown);
        await cleaner.UntilDoneAsync($"Folder {attempt.Paths.Directory}", RemoveFolderAsync, shutdown);
    }

    private async Task RemoveFolderAsync()
    {
        await DirectoryTree.RemoveAsync(attempt.Paths.Directory);
        journal.Remove(attempt.Id);
    }

    private async Task UntilReleasedAsync(Func<Task<AttemptOutcome>> steps, CancellationToken shutdown)
    {
        await EndAsync(steps, shutdown);
        await CleanAsync(shutdown);
    }

    private async Task CloseRelayAsync()
    {
        if (_relay is null)
            return;
        await _relay.DisposeAsync();
        _relay = null;
    }

    private async Task EndAsync(Func<Task<AttemptOutcome>> steps, CancellationToken shutdown)
    {
        AttemptOutcome outcome;
        try
        {
            outcome = await steps();
        }
        catch (OperationCanceledException) when (shutdown.IsCancellationRequested)
        {
            // The container, if there is one, runs on: the next agent process finds it.
            throw;
        }
        catch (OperationCanceledException) when (attempt.Stop.IsCancellationRequested)
        {
            outcome = AttemptOutcome.Canceled(attempt.Phase, null);
        }
        catch (Exception e)
        {
            // Also what nobody foresaw: an attempt without an end would be held for ever.
            Log.StepFailed(logger, attempt.Id, e);
            outcome = Failure(e);
        }

        if (attempt.Discarded)
        {
            Log.Discarded(logger, attempt.Id);
            return;
        }

        var end = outcome.ToReport(attempt.Id);
        KeepEnd(end);
        attempt.End(end);
        news.Set();
        Log.Ended(logger, attempt.Id, outcome.State, outcome.Result.End?.Message ?? "");
        if (attempt.LogFault is { } fault)
            Log.LogsUnreadable(logger, attempt.Id, fault);
    }

    private void Pulled(PullProgress pull)
    {
        if (attempt.Pull(pull))
            news.Set();
    }

    private async Task<AttemptOutcome> NewAsync(IReadOnlyList<AttemptOrder> running, CancellationToken shutdown)
    {
        var order = attempt.Order;
        Log.Started(logger, attempt.Id, order.Owner, order.Request.Image, order.Image);
        journal.Write(order);
        if (_policy.Refusal(order) is { } refusal)
            return AttemptOutcome.SystemError(EndCause.RefusedBySite, JobState.Preparing, refusal, "Use another site, or ask this site's administrator.", retry: false);
        if (_policy.NoRoom(order, running) is { } full)
            return AttemptOutcome.SystemError(EndCause.RefusedBySite, JobState.Preparing, full, null, retry: true);

        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(attempt.Stop, shutdown);
        _stepCause = EndCause.ImageFailed;
        var image = await runtime.PrepareImageAsync(order.Image, new AttemptBlobSource(master, attempt.Id, Pulled), stopping.Token);
        _stepCause = EndCause.RuntimeFailed;
        WriteFolder(image);
        StartRelay();
        await runtime.StartAsync(ContainerPlan.Spec(attempt, host.Options, host.RuntimeStatus, host.Executable), stopping.Token);
        return await WaitAsync(shutdown);
    }

    private async Task<AttemptOutcome> ResumedAsync(CancellationToken shutdown)
    {
        Log.Resumed(logger, attempt.Id);
        if (File.Exists(attempt.Paths.PhaseFile) && Enum.TryParse<JobState>(File.ReadAllText(attempt.Paths.PhaseFile), out var phase))
            attempt.MoveTo(phase);
        if (!Directory.Exists(attempt.Paths.RelayDirectory))
            return Interrupted();
        StartRelay();
        try
        {
            return await WaitAsync(shutdown);
        }
        catch (AhoyException e) when (e.Code == ErrorCode.NotFound)
        {
            // Killed while the container was being made: nothing of it has run.
            return Interrupted();
        }
    }

    private AttemptOutcome Interrupted() => AttemptOutcome.SystemError(
        EndCause.HostLost, attempt.Phase, $"The agent on host {host.Name} was ended while it prepared the job.", "Another attempt may succeed.", retry: true);

    private void WriteFolder(PreparedImage image)
    {
        var paths = attempt.Paths;
        PrivateFile.CreateDirectory(paths.Directory);
        Directory.CreateDirectory(paths.RelayDirectory);
        Directory.CreateDirectory(paths.OutDirectory);
        Directory.CreateDirectory(paths.ScratchDirectory);
        var orders = ContainerPlan.Orders(attempt, image.Config, host.RuntimeStatus, _policy.WallTime(attempt.Order), host.Name);
        // Readable for the container's user; on the host the folder above is closed to others.
        File.WriteAllBytes(paths.OrdersFile, JsonSerializer.SerializeToUtf8Bytes(orders, AhoyJson.Default.WrapperOrders));
        const UnixFileMode readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        // Said and not left to the umask, which may be 077.
        File.SetUnixFileMode(paths.OrdersFile, readable);
        File.SetUnixFileMode(paths.RelayDirectory, readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    private void StartRelay()
    {
        _relay = RelayServer.Start(attempt, master, OnPhase, logger);
        if (_policy.WallTime(attempt.Order) is { } limit)
            GiveUpAfter(limit + StagingAllowance);
    }

    private void OnPhase()
    {
        var phase = attempt.Phase;
        try
        {
            File.WriteAllText(attempt.Paths.PhaseFile, phase.ToString());
        }
        catch (IOException e)
        {
            // A full disk. Only an agent that is started anew in this phase would need it.
            Log.PhaseNotKept(logger, attempt.Id, e.Message);
        }

        if (phase == JobState.Running && _policy.WallTime(attempt.Order) is { } limit)
            GiveUpAfter(limit + StopGrace + StagingAllowance);
    }

    /// <summary>The wrapper keeps the limit; this is for one that hangs. After weeks that may also be left to the user.</summary>
    private void GiveUpAfter(TimeSpan time) => _overdue.CancelAfter(time < LongestTimer ? time : Timeout.InfiniteTimeSpan);

    private async Task<AttemptOutcome> WaitAsync(CancellationToken shutdown)
    {
        var waiting = runtime.WaitAsync(_container, shutdown);
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(attempt.Stop, _overdue.Token))
        {
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = stop.Token.Register(stopped.SetResult);
            if (await Task.WhenAny(waiting, stopped.Task) != waiting)
                await runtime.StopAsync(_container, attempt.Discarded ? TimeSpan.Zero : StopGrace, shutdown);
        }

        var exit = await waiting;
        var outcome = await OutcomeAsync(exit, shutdown);
        if (attempt.Canceled || outcome.Result.End?.Cause is not (EndCause.WrapperLost or EndCause.Canceled))
            return outcome;
        if (_overdue.IsCancellationRequested)
            return Overdue(exit);
        return outcome.State == JobState.Canceled ? Terminated(outcome) : outcome;
    }

    /// <summary>The wrapper takes any SIGTERM for a cancellation; this agent has sent none, and the container's own processes can't (their system call filter).</summary>
    private AttemptOutcome Terminated(AttemptOutcome outcome)
    {
        var told = AttemptOutcome.SystemError(
            EndCause.HostLost,
            outcome.Result.End!.Phase,
            $"Host {host.Name} ended the job by SIGTERM (a shutdown, a batch system, an administrator); nobody has canceled it.",
            "Another attempt may succeed.",
            retry: true);
        return told with
        {
            Result = told.Result with { ExitCode = outcome.Result.ExitCode, Use = outcome.Result.Use, End = told.Result.End! with { LastOutput = outcome.Result.End.LastOutput } },
        };
    }

    private async Task<AttemptOutcome> OutcomeAsync(ContainerExit exit, CancellationToken shutdown)
    {
        var backoff = new Backoff();
        while (true)
        {
            try
            {
                return await new ResultReader(attempt, _relay!.WasDeliveredAsync).ReadAsync(exit, shutdown);
            }
            catch (AhoyException e) when (e.Transient && !attempt.Stop.IsCancellationRequested)
            {
                // Only after a restart: whether outputs had been delivered must be asked, and the master is not there.
                Log.MasterAway(logger, attempt.Id, e.Message);
                await Task.Delay(backoff.Next(), shutdown);
            }
        }
    }

    private AttemptOutcome Overdue(ContainerExit exit)
    {
        var limit = _policy.WallTime(attempt.Order)!.Value;
        return new AttemptOutcome(JobState.Failed, new AttemptResult
        {
            ExitCode = exit.ExitCode,
            End = new JobEnd
            {
                Cause = EndCause.WallTimeLimit,
                Phase = attempt.Phase,
                Message = $"The job had not ended {Durations.Format(StagingAllowance)} after its time limit of {Durations.Format(limit)} and was killed.",
                Hint = "Ask for more time with --time, or deliver less.",
                LastOutput = attempt.LastOutput(),
            },
        });
    }

    private AttemptOutcome Failure(Exception e)
    {
        const int noSpace = 28;
        return e switch
        {
            AhoyException { Code: ErrorCode.DiskFull } or IOException { HResult: noSpace } => DiskState.Full(attempt, e.Message),
            // A runtime program that can't write says so in many ways.
            AhoyException { Code: ErrorCode.RuntimeFailed } when DiskState.IsFull(host.StateDirectory) => DiskState.Full(attempt, e.Message),
            AhoyException known => AttemptOutcome.SystemError(
                _stepCause, attempt.Phase, known.Message, null, retry: known.Transient || known.Code is ErrorCode.RuntimeFailed or ErrorCode.DigestMismatch),
            _ => AttemptOutcome.SystemError(_stepCause, attempt.Phase, $"Host {host.Name} could not run the job: {e.Message}", "The agent's log on that host tells more.", retry: true),
        };
    }

    private void KeepEnd(AttemptReport end)
    {
        try
        {
            PrivateFile.CreateDirectory(attempt.Paths.Directory);
            PrivateFile.Write(attempt.Paths.EndFile, JsonSerializer.SerializeToUtf8Bytes(end, AhoyJson.Default.AttemptReport));
        }
        catch (IOException e)
        {
            // A full disk. The end is told from memory; only an agent that is killed before that can't tell it any more.
            Log.EndNotKept(logger, attempt.Id, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Information, "Attempt {Attempt}: started for {Owner}, image {Image} ({Digest})")]
        public static partial void Started(ILogger logger, AttemptId attempt, string owner, string image, Digest digest);

        [LoggerMessage(11, LogLevel.Information, "Attempt {Attempt}: its container was found again")]
        public static partial void Resumed(ILogger logger, AttemptId attempt);

        [LoggerMessage(12, LogLevel.Information, "Attempt {Attempt}: {State} {Message}")]
        public static partial void Ended(ILogger logger, AttemptId attempt, JobState state, string message);

        [LoggerMessage(13, LogLevel.Information, "Attempt {Attempt}: discarded, the master has given it up")]
        public static partial void Discarded(ILogger logger, AttemptId attempt);

        [LoggerMessage(14, LogLevel.Warning, "Attempt {Attempt}: a step failed")]
        public static partial void StepFailed(ILogger logger, AttemptId attempt, Exception e);

        [LoggerMessage(15, LogLevel.Warning, "Attempt {Attempt}: logs are incomplete: {Reason}")]
        public static partial void LogsUnreadable(ILogger logger, AttemptId attempt, string reason);

        [LoggerMessage(16, LogLevel.Warning, "Attempt {Attempt}: its end could not be kept on disk: {Reason}")]
        public static partial void EndNotKept(ILogger logger, AttemptId attempt, string reason);

        [LoggerMessage(18, LogLevel.Warning, "Attempt {Attempt}: its phase could not be kept on disk: {Reason}")]
        public static partial void PhaseNotKept(ILogger logger, AttemptId attempt, string reason);

        [LoggerMessage(17, LogLevel.Warning, "Attempt {Attempt}: waiting for the master to confirm outputs: {Reason}")]
        public static partial void MasterAway(ILogger logger, AttemptId attempt, string reason);
    }
}
