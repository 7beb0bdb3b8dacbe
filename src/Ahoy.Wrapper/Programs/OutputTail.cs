using System.Text;

namespace Ahoy.Wrapper.Programs;

/// <summary>The last bytes of an output stream, for the message of a job that failed.</summary>
internal sealed class OutputTail
{
    private const int MaxBytes = 4096, MaxLines = 20;

    private readonly byte[] _bytes = new byte[MaxBytes];
    private int _length;
    private bool _cut;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            bytes = bytes[^MaxBytes..];
            _cut = true;
        }

        var dropped = Math.Max(0, _length + bytes.Length - MaxBytes);
        if (dropped > 0)
        {
            _cut = true;
            _bytes.AsSpan(dropped, _length - dropped).CopyTo(_bytes);
            _length -= dropped;
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>At most 20 whole lines of at most 4 KiB together; null when there was no output.</summary>
    public string? Read()
    {
        var text = _bytes.AsSpan(0, _length);
        // A line whose beginning is lost is left out, unless it is all there is.
        if (_cut && text.IndexOf((byte)'\n') is var newline && newline >= 0 && newline + 1 < text.Length)
            text = text[(newline + 1)..];
        var lines = Encoding.UTF8.GetString(text).TrimEnd('\n', '\r', ' ').Split('\n');
        var last = string.Join('\n', lines.TakeLast(MaxLines));
        return last.Length == 0 ? null : last;
    }
}
