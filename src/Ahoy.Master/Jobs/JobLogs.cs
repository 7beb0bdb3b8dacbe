using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Master.Jobs;

/// <summary>What programs print: one file per attempt and stream, written where the agent says that the bytes belong.</summary>
internal sealed class JobLogs
{
    /// <summary>Bytes of one stream that are kept, whatever an agent sends.</summary>
    private const long MaxBytes = 1L << 30;
    private readonly string _directory;

    public JobLogs(string directory)
    {
        _directory = directory;
        Directory.CreateDirectory(directory);
    }

    /// <summary>Adds a chunk. Bytes that are there already are left as they are; a chunk behind a gap is refused.</summary>
    public void Write(AttemptId attempt, LogChunk chunk)
    {
        var path = PathOf(attempt, chunk.Stream);
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var length = file.Length;
        if (chunk.Offset < 0 || chunk.Offset > length)
            throw new AhoyException(ErrorCode.OffsetMismatch, $"The {chunk.Stream} of attempt {attempt} ends at {length}; a chunk at {chunk.Offset} would leave a gap. Send from {length}.");
        var known = (int)Math.Min(length - chunk.Offset, chunk.Bytes.Length);
        if (known == chunk.Bytes.Length || length >= MaxBytes)
            return;
        file.Position = length;
        file.Write(chunk.Bytes.AsSpan(known));
    }

    /// <summary>Up to <paramref name="count"/> bytes from <paramref name="offset"/>; empty at the end.</summary>
    public byte[] Read(AttemptId attempt, LogStream stream, long offset, int count)
    {
        var path = PathOf(attempt, stream);
        if (!File.Exists(path))
            return [];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var length = Math.Clamp(file.Length - offset, 0, count);
        if (length == 0)
            return [];
        var bytes = new byte[length];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }

    private string PathOf(AttemptId attempt, LogStream stream) =>
        Path.Combine(_directory, $"{attempt}.{(stream == LogStream.Stdout ? "stdout" : "stderr")}");
}
