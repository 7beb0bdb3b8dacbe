namespace Ahoy.Runtimes.Linux;

/// <summary>Tells when processes end, for children and strangers alike: one thread sleeps in poll(2) over their pidfds.</summary>
internal sealed unsafe class ExitWatch
{
    // Only where the kernel (before 5.3) has no pidfd.
    private const int PollMilliseconds = 200;
    private readonly Lock _gate = new();
    private readonly List<Watched> _watched = [];
    private readonly int _wake = LibC.EventDescriptor(0, LibC.EventCloseOnExec);

    private ExitWatch() =>
        new Thread(Loop) { IsBackground = true, Name = "process exits", }.Start();

    public static ExitWatch Shared { get; } = new();

    /// <summary>Completes when the process has ended (at once when it has ended already).</summary>
    public Task WhenEndedAsync(ProcessIdentity process) => WatchAsync(process, reap: false);

    /// <summary>The same for a child that <see cref="DetachedProcess"/> started, which is reaped. Children of System.Diagnostics.Process are reaped by that class.</summary>
    public Task WhenChildEndedAsync(ProcessIdentity child) => WatchAsync(child, reap: true);

    private Task WatchAsync(ProcessIdentity process, bool reap)
    {
        var watched = new Watched(process, reap, LibC.PidfdOpen(process.Id), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        // The look after pidfd_open makes sure that the descriptor is of this process and not of one with a reused id.
        if (!process.IsAlive())
        {
            End(watched);
            return watched.Ended.Task;
        }

        lock (_gate)
        {
            _watched.Add(watched);
        }

        Wake();
        return watched.Ended.Task;
    }

    private void Loop()
    {
        while (true)
        {
            Watched[] watched;
            lock (_gate)
            {
                watched = [.. _watched];
            }

            var descriptors = new LibC.PollDescriptor[watched.Length + 1];
            for (var i = 0; i < watched.Length; i++)
                descriptors[i] = new LibC.PollDescriptor { Descriptor = watched[i].Descriptor, Events = LibC.PollIn };
            descriptors[^1] = new LibC.PollDescriptor { Descriptor = _wake, Events = LibC.PollIn };
            var blind = Array.Exists(watched, one => one.Descriptor < 0);
            if (LibC.Poll(descriptors, (nuint)descriptors.Length, blind ? PollMilliseconds : -1) < 0)
                continue;
            if (descriptors[^1].Returned != 0)
                Drain();
            for (var i = 0; i < watched.Length; i++)
            {
                if (descriptors[i].Returned == 0 && (watched[i].Descriptor >= 0 || watched[i].Process.IsAlive()))
                    continue;
                lock (_gate)
                {
                    _watched.Remove(watched[i]);
                }

                End(watched[i]);
            }
        }
    }

    private static void End(Watched watched)
    {
        if (watched.Descriptor >= 0)
            _ = LibC.Close(watched.Descriptor);
        if (watched.Reap)
            _ = LibC.WaitProcess(watched.Process.Id, out _, LibC.NoHang);
        watched.Ended.SetResult();
    }

    private void Wake()
    {
        ulong one = 1;
        _ = LibC.Write(_wake, (byte*)&one, sizeof(ulong));
    }

    private void Drain()
    {
        ulong count;
        _ = LibC.Read(_wake, (byte*)&count, sizeof(ulong));
    }

    private sealed record Watched(ProcessIdentity Process, bool Reap, int Descriptor, TaskCompletionSource Ended);
}
