using System.Runtime.InteropServices;
using System.Text;
using Ahoy.Contracts;
using Ahoy.Contracts.Units;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>
/// Copies one output stream of the program to its file, each piece as it comes, so that the log can be followed live.
/// Goes on reading when the file may not grow any more: a program must not hang because nobody takes its output.
/// </summary>
internal sealed class OutputCopier
{
    private readonly int _pipe;
    private readonly int _file;
    private readonly string _path;
    private readonly long _maxBytes;
    private readonly OutputTail _tail = new();
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private long _written;
    private long _dropped;

    /// <param name="pipe">The read end; the copier closes it.</param>
    /// <exception cref="AhoyException">The file cannot be opened.</exception>
    public OutputCopier(int pipe, string path, long maxBytes)
    {
        (_pipe, _path, _maxBytes) = (pipe, path, maxBytes);
        _file = Libc.Open(path, Libc.OWriteOnly | Libc.OCreate | Libc.OAppend | Libc.OCloseOnExec, 0x1A4 /* 0644 */);
        if (_file < 0)
            throw new AhoyException(ErrorCode.RuntimeFailed, $"The file {path} for the program's output could not be opened: {Marshal.GetLastPInvokeErrorMessage()}.", transient: true);
        _thread = new Thread(Copy, 256 * 1024) { IsBackground = true, Name = Path.GetFileName(path) };
    }

    /// <summary>Set when the output could not be written: the log is then incomplete.</summary>
    public AhoyException? Failure { get; private set; }

    public void Start() => _thread.Start();

    /// <summary>Waits until all that was written into the pipe is copied; false when somebody still holds the pipe after <paramref name="timeout"/>.</summary>
    public bool WaitForEnd(TimeSpan timeout) => _thread.Join(timeout);

    public string? LastLines()
    {
        lock (_lock)
        {
            return _tail.Read();
        }
    }

    private unsafe void Copy()
    {
        var buffer = stackalloc byte[65536];
        while (true)
        {
            var count = Libc.Read(_pipe, buffer, 65536);
            if (count < 0 && Marshal.GetLastPInvokeError() == Libc.EIntr)
                continue;
            if (count <= 0)
                break;
            var bytes = new ReadOnlySpan<byte>(buffer, (int)count);
            lock (_lock)
            {
                _tail.Add(bytes);
            }

            var room = (int)Math.Min(count, Math.Max(0, _maxBytes - _written));
            if (Failure is null)
                Write(bytes[..room]);
            _written += room;
            _dropped += count - room;
        }

        if (_dropped > 0 && Failure is null)
            Write(Encoding.UTF8.GetBytes($"\n[ahoy: the output was cut after {ByteSize.Format(_maxBytes)}; {_dropped} more bytes were dropped]\n"));
        _ = Libc.Close(_pipe);
        _ = Libc.Close(_file);
    }

    private unsafe void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            var done = 0;
            while (done < bytes.Length)
            {
                var count = Libc.Write(_file, start + done, bytes.Length - done);
                if (count >= 0)
                {
                    done += (int)count;
                    continue;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error == Libc.EIntr)
                    continue;
                var full = error is Libc.ENoSpc or Libc.EDQuot;
                Failure = new AhoyException(
                    full ? ErrorCode.DiskFull : ErrorCode.RuntimeFailed,
                    $"The program's output could not be written to {_path}: {Marshal.GetPInvokeErrorMessage(error)}.",
                    transient: true);
                return;
            }
        }
    }
}
