using System.Runtime.InteropServices;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>
/// Waits for the program and, as first process, for every orphan that becomes the wrapper's child; adds up what they used.
/// Works in a thread of its own that ends when there is no child left.
/// </summary>
internal sealed class Reaper
{
    private readonly int _program;
    private readonly bool _everyChild;
    private readonly RunEvents _events;
    private readonly Thread _thread;
    private long _cpuMicroseconds;
    private long _peakKibibytes;

    public Reaper(int program, ProcessScope scope, RunEvents events)
    {
        _program = program;
        _everyChild = scope.IsFirstProcess;
        _events = events;
        _thread = new Thread(Reap, 256 * 1024) { IsBackground = true, Name = "reaper" };
        _thread.Start();
    }

    /// <summary>The program's status as wait(2) gives it, set before the event of its end is posted.</summary>
    public int Status { get; private set; }

    public TimeSpan CpuTime => TimeSpan.FromMicroseconds(Interlocked.Read(ref _cpuMicroseconds));

    /// <summary>Largest resident set of any one process that was reaped.</summary>
    public long PeakMemoryBytes => Interlocked.Read(ref _peakKibibytes) * 1024;

    /// <summary>True when no child is left within <paramref name="timeout"/>.</summary>
    public bool WaitForAll(TimeSpan timeout) => _thread.Join(timeout);

    private unsafe void Reap()
    {
        while (true)
        {
            Rusage usage;
            var pid = Libc.Wait4(_everyChild ? -1 : _program, out var status, 0, &usage);
            if (pid < 0)
            {
                if (Marshal.GetLastPInvokeError() == Libc.EIntr)
                    continue;
                return; // ECHILD: nobody is left
            }

            Interlocked.Add(ref _cpuMicroseconds, ((usage.UserSeconds + usage.SystemSeconds) * 1_000_000) + usage.UserMicroseconds + usage.SystemMicroseconds);
            Interlocked.Exchange(ref _peakKibibytes, Math.Max(_peakKibibytes, usage.MaxResidentKibibytes));
            if (pid != _program)
                continue;
            Status = status;
            _events.PostProgramEnded();
            if (!_everyChild)
                return;
        }
    }
}
