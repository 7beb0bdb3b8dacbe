using System.Globalization;
using System.Text;
using Ahoy.Contracts;

namespace Ahoy.Agent;

/// <summary>The folder of one agent on this host, for one process at a time.</summary>
internal sealed class StateDirectory : IDisposable
{
    private readonly FileStream _lock;

    private StateDirectory(string path, FileStream heldLock)
    {
        Path = path;
        _lock = heldLock;
    }

    public string Path { get; }

    public static string Default()
    {
        if (Environment.IsPrivilegedProcess && Environment.GetEnvironmentVariable("XDG_STATE_HOME") is null)
            return "/var/lib/ahoy/agent";
        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state)
            return System.IO.Path.Combine(state, "ahoy", "agent");
        return Environment.GetEnvironmentVariable("HOME") is { Length: > 1 } home
            ? System.IO.Path.Combine(home, ".local", "state", "ahoy", "agent")
            : throw new AhoyException(ErrorCode.InvalidRequest, "HOME is not set, so there is no default place for the agent's files. Name one with --state DIR.");
    }

    /// <exception cref="AhoyException"><see cref="ErrorCode.Conflict"/> when another agent uses it.</exception>
    public static StateDirectory Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        PrivateFile.CreateDirectory(full);
        try
        {
            return new StateDirectory(full, new FileStream(System.IO.Path.Combine(full, "agent.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e)
        {
            throw new AhoyException(ErrorCode.Conflict, $"Another agent uses {full} ({e.Message}). Stop it, or name another folder with --state DIR.", e);
        }
    }

    /// <summary>A number that is larger for each later agent process that uses this folder: the time, unless that was set back.</summary>
    public long NextProcess(TimeProvider time)
    {
        var file = System.IO.Path.Combine(Path, "process");
        var last = File.Exists(file) && long.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var number) ? number : 0;
        var next = Math.Max(last + 1, time.GetUtcNow().ToUnixTimeSeconds());
        PrivateFile.Write(file, Encoding.ASCII.GetBytes(next.ToString(CultureInfo.InvariantCulture)));
        return next;
    }

    public void Dispose() => _lock.Dispose();
}
