using System.Collections.Concurrent;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper;

/// <summary>
/// What happens to the wrapper while it works: signals from outside and the program's end. SIGTERM means that the job is canceled,
/// in every phase; other signals are for the program.
/// </summary>
internal sealed class RunEvents : IDisposable
{
    private readonly BlockingCollection<RunEvent> _queue = [];
    private readonly CancellationTokenSource _canceled = new();

    /// <summary>Set by the first SIGTERM.</summary>
    public CancellationToken Canceled => _canceled.Token;

    public void PostSignal(int signal)
    {
        // First the queue: who sees the token set finds the event.
        _queue.Add(new RunEvent(RunEventKind.Signal, signal));
        if (signal == Libc.SigTerm)
            _canceled.Cancel();
    }

    public void PostProgramEnded() => _queue.Add(new RunEvent(RunEventKind.ProgramEnded, 0));

    /// <summary>The next event, or null when none came within <paramref name="timeout"/>.</summary>
    public RunEvent? Take(TimeSpan timeout) => _queue.TryTake(out var next, timeout) ? next : null;

    public void Dispose()
    {
        _queue.Dispose();
        _canceled.Dispose();
    }
}
