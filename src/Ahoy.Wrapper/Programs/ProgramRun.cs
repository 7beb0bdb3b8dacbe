using System.Diagnostics;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>The program from its start until nothing of it is left: forwards signals, keeps the limits, cleans up behind it.</summary>
internal sealed class ProgramRun
{
    /// <summary>How long after SIGKILL the wrapper waits for processes to disappear and for output to end. Only a process stuck in the kernel needs longer.</summary>
    private static readonly TimeSpan CleanUpTime = TimeSpan.FromSeconds(5);

    private readonly WrapperOrders _orders;
    private readonly WrapperPaths _paths;
    private readonly ProcessScope _scope;
    private readonly RunEvents _events;
    private readonly OutputCopier _output;
    private readonly OutputCopier _error;
    private readonly Reaper _reaper;
    private readonly MemoryWatch? _memory;
    private readonly int _program;
    private readonly Stopwatch _clock;

    private ProgramRun(WrapperOrders orders, WrapperPaths paths, ProcessScope scope, RunEvents events)
    {
        (_orders, _paths, _scope, _events) = (orders, paths, scope, events);
        if (orders.WatchMemoryBytes is not null || orders.WatchProcesses is not null)
            MemoryWatch.RequireProc();
        var output = Pipe.Create();
        var error = Pipe.Create();
        _output = new OutputCopier(output.ReadEnd, Path.Combine(paths.Out, "stdout"), orders.MaxLogBytes);
        _error = new OutputCopier(error.ReadEnd, Path.Combine(paths.Out, "stderr"), orders.MaxLogBytes);
        try
        {
            _clock = Stopwatch.StartNew();
            _program = ProgramStart.Start(orders, scope, output.WriteEnd, error.WriteEnd);
        }
        finally
        {
            // The program has its own; with ours open the output would never end.
            _ = Libc.Close(output.WriteEnd);
            _ = Libc.Close(error.WriteEnd);
            _output.Start();
            _error.Start();
        }

        _reaper = new Reaper(_program, scope, events);
        if (orders.WatchMemoryBytes is not null || orders.WatchProcesses is not null)
            _memory = new MemoryWatch(_program, scope, orders.WatchMemoryBytes, orders.WatchProcesses);
    }

    /// <exception cref="CannotStartException">The program could not be started.</exception>
    public static ProgramRun Start(WrapperOrders orders, WrapperPaths paths, ProcessScope scope, RunEvents events) =>
        new(orders, paths, scope, events);

    /// <summary>Waits for the end, by itself, by a limit or by SIGTERM from outside; kills what the program has left behind.</summary>
    public ProgramEnd WaitForEnd()
    {
        var grace = TimeSpan.FromSeconds(_orders.GraceSeconds);
        var limit = _orders.WallTimeSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        TimeSpan? killAt = null;
        var killed = false;
        var wallTimeExceeded = false;
        while (true)
        {
            var next = killed ? null : killAt ?? limit;
            var wait = next is { } at ? at - _clock.Elapsed : Timeout.InfiniteTimeSpan;
            if (next is not null && wait < TimeSpan.Zero)
                wait = TimeSpan.Zero;
            // A wait handle takes at most 24 days; the loop comes back here anyway.
            if (wait > TimeSpan.FromDays(1))
                wait = TimeSpan.FromDays(1);

            switch (_events.Take(wait))
            {
                case { Kind: RunEventKind.ProgramEnded }:
                    return CleanUp(wallTimeExceeded);
                case { Kind: RunEventKind.Signal, Signal: var signal }:
                    SendToProgram(signal);
                    if (signal == Libc.SigTerm)
                        killAt ??= _clock.Elapsed + grace;
                    break;
                case null when killAt is not null && _clock.Elapsed >= killAt:
                    _scope.KillAll(_program);
                    killed = true;
                    break;
                case null when killAt is null && _clock.Elapsed >= limit:
                    wallTimeExceeded = true;
                    SendToProgram(Libc.SigTerm);
                    killAt = _clock.Elapsed + grace;
                    break;
            }
        }
    }

    private void SendToProgram(int signal)
    {
        // To the whole group: a shell does not pass signals on. ESRCH: the program has just ended, its event follows.
        _ = Libc.Kill(-_program, signal);
    }

    private ProgramEnd CleanUp(bool wallTimeExceeded)
    {
        var wall = _clock.Elapsed;
        _memory?.Stop();
        _scope.KillAll(_program);
        var clean = _reaper.WaitForAll(CleanUpTime);
        clean &= _output.WaitForEnd(CleanUpTime);
        clean &= _error.WaitForEnd(CleanUpTime);
        if (!clean)
            StandardError.WriteLine($"Processes of the job still exist {CleanUpTime.TotalSeconds} s after SIGKILL; its output may be incomplete.");

        var status = _reaper.Status;
        var signal = status & 0x7f; // wait(2): WTERMSIG, 0 after exit
        return new ProgramEnd
        {
            ExitCode = signal == 0 ? (status >> 8) & 0xff : null,
            Signal = signal == 0 ? null : signal,
            LimitExceeded = _memory is { Exceeded: true } ? EndCause.MemoryLimit : wallTimeExceeded ? EndCause.WallTimeLimit : null,
            TooManyProcesses = _memory is { TooManyProcesses: true },
            Use = new ResourceUse
            {
                WallSeconds = Math.Round(wall.TotalSeconds, 3),
                CpuSeconds = Math.Round(_reaper.CpuTime.TotalSeconds, 3),
                PeakMemoryBytes = Math.Max(_reaper.PeakMemoryBytes, _memory?.Peak ?? 0),
            },
            LastOutput = _error.LastLines() ?? _output.LastLines(),
            OutputLost = _output.Failure ?? _error.Failure,
            DiskFull = DiskSpace.IsFull(_paths.Scratch),
        };
    }
}
