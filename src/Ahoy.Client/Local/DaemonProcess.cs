using System.Globalization;
using System.Runtime.InteropServices;
using Ahoy.Contracts;

namespace Ahoy.Client.Local;

/// <summary>A daemon that was started by `ahoy up`: its process id and start time, so that an id that the system has given anew is never taken for it.</summary>
internal sealed partial record DaemonProcess(int Id, string StartTime)
{
    private const int TerminateSignal = 15;
    private const int NoSuchProcess = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(10);

    /// <summary>The daemon that the file names, when it runs; else null.</summary>
    public static DaemonProcess? Find(string file)
    {
        if (!File.Exists(file))
            return null;
        return File.ReadAllText(file).Split(' ', StringSplitOptions.TrimEntries) is [var idText, var started]
            && int.TryParse(idText, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && StartTimeOf(id) == started
                ? new DaemonProcess(id, started)
                : null;
    }

    /// <summary>Writes the file by which it is found again.</summary>
    public static DaemonProcess Register(int id, string file)
    {
        var process = new DaemonProcess(id, StartTimeOf(id) ?? "");
        File.WriteAllText(file, $"{process.Id} {process.StartTime}\n");
        return process;
    }

    /// <summary>Asks it to end and waits until it has.</summary>
    /// <exception cref="AhoyException">It does not end in time.</exception>
    public async Task StopAsync(string name, string logFile, CancellationToken cancellationToken)
    {
        if (Kill(Id, TerminateSignal) != 0 && Marshal.GetLastPInvokeError() != NoSuchProcess)
            throw new AhoyException(ErrorCode.Forbidden, $"The {name} (process {Id}) can't be stopped: {Marshal.GetLastPInvokeErrorMessage()}. Run `ahoy down` as the user who ran `ahoy up`.");
        var asked = TimeProvider.System.GetTimestamp();
        // The system tells only a parent that a process has ended, and the parent was another command: look.
        while (StartTimeOf(Id) == StartTime)
        {
            if (TimeProvider.System.GetElapsedTime(asked) > Patience)
                throw new AhoyException(ErrorCode.Unavailable, $"The {name} (process {Id}) has not ended within {Patience.TotalSeconds:0} s. Its log is {logFile}; to end it at once: kill -9 {Id}.");
            await Task.Delay(LookAgain, cancellationToken);
        }
    }

    /// <summary>Field 22 of proc(5)'s stat: clock ticks since boot. Null when there is no such process, or it has ended and was not waited for.</summary>
    private static string? StartTimeOf(int id)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{id}/stat");
        }
        catch (IOException)
        {
            // The folder is gone, or the process ended between open and read (ESRCH).
            return null;
        }

        // The second field, the name, may hold blanks and parentheses: count from its end.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] is "Z" or "X" ? null : fields[19];
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
