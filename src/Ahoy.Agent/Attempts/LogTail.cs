using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Microsoft.Win32.SafeHandles;

namespace Ahoy.Agent.Attempts;

/// <summary>
/// Reads what a program has printed since the master last took something. Nothing is kept in memory: what was not acknowledged
/// is read again. Used by one caller at a time.
/// </summary>
internal sealed class LogTail(string path, LogStream stream, long limit) : IDisposable
{
    /// <summary>The largest chunk. Base64 makes a third more of it on the wire.</summary>
    public const int ChunkBytes = 256 * 1024;

    private SafeFileHandle? _file;
    private long _acknowledged;

    /// <summary>Bytes that are on disk and not yet at the master.</summary>
    /// <exception cref="Contracts.AhoyException">The container put something else than a file there.</exception>
    public long Unread()
    {
        _file ??= UntrustedFile.TryOpen(path);
        return _file is null ? 0 : Math.Max(0, Math.Min(RandomAccess.GetLength(_file), limit) - _acknowledged);
    }

    /// <summary>The next bytes, at most <paramref name="budget"/>; null when there are none.</summary>
    public LogChunk? Next(int budget)
    {
        var length = (int)Math.Min(Unread(), Math.Min(budget, ChunkBytes));
        if (length == 0)
            return null;
        var bytes = new byte[length];
        var read = RandomAccess.Read(_file!, bytes, _acknowledged);
        return read == 0 ? null : new LogChunk { Stream = stream, Offset = _acknowledged, Bytes = read == length ? bytes : bytes[..read] };
    }

    /// <summary>The last bytes, for the end of an attempt whose wrapper could not report them.</summary>
    public string LastText(int bytes)
    {
        Unread();
        if (_file is null)
            return "";
        var length = Math.Min(RandomAccess.GetLength(_file), limit);
        var buffer = new byte[Math.Min(bytes, length)];
        var read = RandomAccess.Read(_file, buffer, length - buffer.Length);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, read);
    }

    public void Acknowledge(LogChunk chunk)
    {
        if (chunk.Stream == stream)
            _acknowledged = Math.Max(_acknowledged, chunk.Offset + chunk.Bytes.Length);
    }

    public void Dispose() => _file?.Dispose();
}
