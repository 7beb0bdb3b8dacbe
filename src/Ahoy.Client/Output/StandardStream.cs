using System.Runtime.InteropServices;

namespace Ahoy.Client.Output;

/// <summary>
/// Standard output or standard error by write(2). Console's streams set the terminal up before their first byte, see <see cref="TerminalDevice"/>;
/// FileStream keeps a position of its own, by which two streams into one file would overwrite each other.
/// </summary>
internal sealed partial class StandardStream(int descriptor) : Stream
{
    private const int Interrupted = 4, TryAgain = 11, BrokenPipe = 32;
    private const short Writable = 4;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="IOException">The file can't be written: its disk is full, say. A reader that has gone away is no failure: it has seen enough.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = WriteTo(descriptor, buffer, (nuint)buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    break;
                case TryAgain:
                    // Somebody has made the terminal non-blocking.
                    var wait = new PollRequest { Descriptor = descriptor, Events = Writable };
                    _ = Poll(ref wait, 1, -1);
                    break;
                case BrokenPipe:
                    return;
                case var error:
                    throw new IOException($"Standard {(descriptor == 1 ? "output" : "error")} can't be written: {Marshal.GetPInvokeErrorMessage(error)}.");
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteTo(int descriptor, ReadOnlySpan<byte> buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollRequest request, nuint count, int timeout);

    // struct pollfd
    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }
}
