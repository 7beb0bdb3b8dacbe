using System.Text;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>
/// Which processes belong to the job. As the first process of a container the wrapper answers for all there are; started otherwise
/// (under another init, or in a test) only for the program's session.
/// </summary>
internal sealed class ProcessScope(bool firstProcess)
{
    public bool IsFirstProcess { get; } = firstProcess;

    /// <summary>The ids of the job's processes, without the wrapper.</summary>
    public IEnumerable<int> ProcessIds(int program)
    {
        var self = Libc.GetPid();
        return ProcFile.ProcessIds().Where(pid => pid != self && (IsFirstProcess || SessionOf(pid) == program));
    }

    /// <summary>Sends SIGKILL to all of them. Those that are already gone count as done.</summary>
    public void KillAll(int program)
    {
        if (IsFirstProcess)
        {
            // kill(2): -1 means every process but the first one and the caller. In a container that is the job.
            _ = Libc.Kill(-1, Libc.SigKill);
            return;
        }

        foreach (var pid in ProcessIds(program))
        {
            _ = Libc.Kill(pid, Libc.SigKill);
        }
    }

    /// <summary>Field 6 of /proc/PID/stat (proc(5)), counted behind the name, which may hold anything; -1 when the process is gone.</summary>
    private static int SessionOf(int pid)
    {
        Span<byte> buffer = stackalloc byte[512];
        var length = ProcFile.Read($"/proc/{pid}/stat", buffer);
        if (length <= 0)
            return -1;
        var text = Encoding.ASCII.GetString(buffer[..length]);
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 3 && int.TryParse(fields[3], out var session) ? session : -1;
    }
}
