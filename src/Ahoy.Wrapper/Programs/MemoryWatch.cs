using System.Diagnostics;
using System.Text;
using Ahoy.Contracts;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>
/// Ends the program when its processes together hold more memory than the job may use, or are too many, where no cgroup does it.
/// Looks every 20 to 250 ms: the more often, the sooner the limit could be reached at the present growth. What the program
/// takes between two looks can exceed the limit. Files in /dev/shm, System V segments and files of memfd_create count, whoever has them mapped.
/// </summary>
internal sealed class MemoryWatch
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(20), Longest = TimeSpan.FromMilliseconds(250);

    private readonly int _program;
    private readonly ProcessScope _scope;
    private readonly long? _limit;
    private readonly int? _processes;
    private readonly object _lock = new();
    private readonly Thread _thread;
    private long _peak;
    private bool _stopped;

    public MemoryWatch(int program, ProcessScope scope, long? limit, int? processes)
    {
        (_program, _scope, _limit, _processes) = (program, scope, limit, processes);
        _thread = new Thread(Watch, 256 * 1024) { IsBackground = true, Name = "memory" };
        _thread.Start();
    }

    /// <summary>The largest sum seen, in bytes.</summary>
    public long Peak => Interlocked.Read(ref _peak);

    /// <summary>True once the program was killed for it. Set before the signal goes out.</summary>
    public bool Exceeded { get; private set; }

    /// <summary>True once the program was killed because it had too many processes.</summary>
    public bool TooManyProcesses { get; private set; }

    /// <exception cref="AhoyException">/proc is not there, so that nothing could be watched.</exception>
    public static void RequireProc()
    {
        if (!StatX.TryRead("/proc/self/statm", follow: true, out _))
            throw new AhoyException(ErrorCode.RuntimeFailed, "The wrapper is to watch the job's memory and processes, but the container has no /proc. Mount it, or let a cgroup enforce the limit.");
    }

    /// <summary>Ends the watch. What it found stays readable.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
            Monitor.Pulse(_lock);
        }

        _thread.Join();
    }

    private void Watch()
    {
        var (before, countBefore) = (0L, 0);
        var since = Stopwatch.StartNew();
        var interval = Shortest;
        while (!StoppedWithin(interval))
        {
            var looking = Stopwatch.StartNew();
            var processes = _scope.ProcessIds(_program).ToList();
            var used = _limit is null ? 0 : Sample(processes);
            looking.Stop();
            Interlocked.Exchange(ref _peak, Math.Max(_peak, used));
            if (used > _limit || processes.Count > _processes)
            {
                Exceeded |= used > _limit;
                TooManyProcesses |= processes.Count > _processes;
                _scope.KillAll(_program);
            }

            interval = _limit is { } limit ? NextInterval(limit - used, used - before, since.Elapsed) : Longest;
            if (_processes is { } most && NextInterval(most - processes.Count, processes.Count - countBefore, since.Elapsed) is var sooner && sooner < interval)
                interval = sooner;
            // The walk through large page tables takes long and holds the program up: never more than a tenth of the time.
            if (interval < looking.Elapsed * 10)
                interval = looking.Elapsed * 10;
            (before, countBefore) = (used, processes.Count);
            since.Restart();
        }
    }

    private bool StoppedWithin(TimeSpan interval)
    {
        lock (_lock)
        {
            if (!_stopped)
                Monitor.Wait(_lock, interval);
            return _stopped;
        }
    }

    /// <summary>A quarter of the time after which the limit would be reached if memory went on growing as it just did.</summary>
    internal static TimeSpan NextInterval(long headroom, long growth, TimeSpan during)
    {
        if (growth <= 0)
            return headroom <= 0 ? Shortest : Longest;
        var quarter = during * (headroom / (double)growth / 4);
        return quarter < Shortest ? Shortest : quarter > Longest ? Longest : quarter;
    }

    private long Sample(List<int> all)
    {
        var processes = new List<int>();
        var resident = 0L;
        foreach (var pid in all)
        {
            var bytes = ResidentBytes(pid);
            if (bytes > 0)
                processes.Add(pid);
            resident += bytes;
        }

        // Memory that processes share counts once for each in the sum. The exact share of each costs a walk through its page tables,
        // so it is asked for only where it could matter.
        // Only a container has a /dev/shm and segments of its own.
        var shared = (_scope.IsFirstProcess ? SharedMemory.UsedBytes() : 0) + MemoryFiles.UsedBytes(processes);
        if (resident + shared <= Peak || (processes.Count <= 1 && shared == 0))
            return resident + shared;
        var proportional = processes.Sum(ProportionalBytes);
        return shared == 0 ? proportional : proportional + shared - Math.Min(shared, processes.Sum(SharedMemory.MappedBytes));
    }

    /// <summary>Field 2 of /proc/PID/statm, in pages; 0 when the process is gone.</summary>
    private static long ResidentBytes(int pid)
    {
        Span<byte> buffer = stackalloc byte[128];
        var length = ProcFile.Read($"/proc/{pid}/statm", buffer);
        if (length <= 0)
            return 0;
        var fields = Encoding.ASCII.GetString(buffer[..length]).Split(' ');
        return fields.Length > 1 && long.TryParse(fields[1], out var pages) ? pages * Environment.SystemPageSize : 0;
    }

    /// <summary>Pss of /proc/PID/smaps_rollup; the resident set where the kernel does not show it.</summary>
    private static long ProportionalBytes(int pid)
    {
        Span<byte> buffer = stackalloc byte[1024];
        var length = ProcFile.Read($"/proc/{pid}/smaps_rollup", buffer);
        if (length <= 0)
            return ResidentBytes(pid);
        foreach (var line in Encoding.ASCII.GetString(buffer[..length]).Split('\n'))
        {
            if (line.StartsWith("Pss:", StringComparison.Ordinal) && long.TryParse(line["Pss:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), out var kibibytes))
                return kibibytes * 1024;
        }

        return ResidentBytes(pid);
    }
}
