using System.Globalization;

namespace Ahoy.Runtimes.Linux;

/// <summary>One process, not to be confused with a later one that got the same id: proc(5), /proc/PID/stat, field 22.</summary>
/// <param name="Id">The process id.</param>
/// <param name="StartTicks">When it started, in clock ticks since boot.</param>
internal readonly record struct ProcessIdentity(int Id, long StartTicks)
{
    public static ProcessIdentity? Find(int process)
    {
        var fields = Fields(process);
        return fields is null ? null : new ProcessIdentity(process, long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    /// <summary>"PID TICKS", as <see cref="ToString"/> writes it; null for anything else.</summary>
    public static ProcessIdentity? Parse(string text) =>
        text.Trim().Split(' ') is [var id, var ticks]
        && int.TryParse(id, CultureInfo.InvariantCulture, out var process)
        && long.TryParse(ticks, CultureInfo.InvariantCulture, out var start)
            ? new ProcessIdentity(process, start)
            : null;

    /// <summary>True until the process has ended; a zombie has ended.</summary>
    public bool IsAlive() =>
        Fields(Id) is { } fields && fields[0] is not "Z" and not "X" && long.Parse(fields[19], CultureInfo.InvariantCulture) == StartTicks;

    /// <summary>Sends a signal to this very process; one that has ended meanwhile is left alone.</summary>
    public void Signal(int signal)
    {
        var descriptor = LibC.PidfdOpen(Id);
        if (descriptor < 0)
        {
            // Kernels before 5.3 have no pidfd: there a tiny window for a reused id remains.
            if (IsAlive())
                _ = LibC.Kill(Id, signal);
            return;
        }

        try
        {
            if (IsAlive())
                _ = LibC.PidfdSendSignal(descriptor, signal);
        }
        finally
        {
            _ = LibC.Close(descriptor);
        }
    }

    public static int? ParentOf(int process) =>
        Fields(process) is { } fields ? int.Parse(fields[1], CultureInfo.InvariantCulture) : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id} {StartTicks}");

    // The fields from the third (state) on; the second is the name in parentheses, which may hold anything.
    private static string[]? Fields(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // No such process, or it ended between open and read.
            return null;
        }
    }
}
