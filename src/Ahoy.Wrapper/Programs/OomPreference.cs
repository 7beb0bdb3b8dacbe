using System.Text;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>
/// Makes the kernel prefer the program to the wrapper when memory runs out: the wrapper raises its own score, the program inherits
/// it at its start, and the wrapper goes back. Nothing that the program starts can slip through, as it could if the score were set afterwards.
/// An unprivileged process may raise its score and go back to what it had (proc(5), oom_score_adj). The file stays open in between:
/// once the wrapper is not dumpable any more, its /proc files belong to root.
/// </summary>
internal sealed class OomPreference : IDisposable
{
    private const string File = "/proc/self/oom_score_adj";
    private const int Raise = 500, Highest = 1000;

    private readonly int _before;
    private readonly int _descriptor;

    /// <summary>Raises the score until disposed. Where /proc is missing or read-only there is no preference, which changes nothing else.</summary>
    public OomPreference()
    {
        Span<byte> text = stackalloc byte[16];
        var length = ProcFile.Read(File, text);
        _descriptor = length > 0 && int.TryParse(Encoding.ASCII.GetString(text[..length]), out _before) && _before < Highest
            ? Libc.Open(File, Libc.OWriteOnly | Libc.OCloseOnExec, 0)
            : -1;
        if (_descriptor >= 0)
            ProcFile.TryWrite(_descriptor, Math.Min(Highest, _before + Raise));
    }

    public void Dispose()
    {
        if (_descriptor < 0)
            return;
        if (!ProcFile.TryWrite(_descriptor, _before))
            StandardError.WriteLine($"{File} could not be set back to {_before}; the kernel may end the wrapper before the program when memory runs out.");
        _ = Libc.Close(_descriptor);
    }
}
