using System.Text;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;
using Ahoy.Master.Storage;

namespace Ahoy.Master.Jobs;

/// <summary>What programs print: one file per attempt and stream, written where the agent says that the bytes belong.</summary>
internal sealed class JobLogs
{
    /// <summary>Bytes of one stream that are kept, whatever an agent sends.</summary>
    private const long MaxBytes = 1L << 30;
    /// <summary>More than a host keeps unwritten in its memory.</summary>
    private const long MaxGap = 64L << 20;
    private readonly string _directory;

    public JobLogs(string directory)
    {
        _directory = directory;
        Directory.CreateDirectory(directory);
    }

    /// <summary>
    /// Adds a chunk. Bytes that are there already are left as they are. A gap before it (bytes that a crash of this host took, and
    /// that the agent no longer has) is filled with a line that says so: refusing the chunk would keep the agent's whole call from arriving.
    /// </summary>
    /// <returns>False when no log can reach up to the chunk's place; it was dropped.</returns>
    public bool TryWrite(AttemptId attempt, LogChunk chunk)
    {
        var path = PathOf(attempt, chunk.Stream);
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var length = file.Length;
        if (length >= MaxBytes)
            return true;
        if (chunk.Offset < 0 || chunk.Offset - length > MaxGap)
            return false;
        file.Position = length;
        if (chunk.Offset > length)
        {
            FillGap(file, chunk.Offset - length);
            length = chunk.Offset;
        }

        var known = (int)Math.Min(length - chunk.Offset, chunk.Bytes.Length);
        file.Write(chunk.Bytes.AsSpan(known));
        return true;
    }

    /// <summary>Up to <paramref name="count"/> bytes from <paramref name="offset"/>; empty at the end.</summary>
    public byte[] Read(AttemptId attempt, LogStream stream, long offset, int count) => GrowingFile.Read(PathOf(attempt, stream), offset, count);

    /// <summary>Attempts with a log to which nothing was added since then.</summary>
    public IReadOnlyList<AttemptId> UntouchedSince(DateTimeOffset time)
    {
        var attempts = new HashSet<AttemptId>();
        foreach (var file in new DirectoryInfo(_directory).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc < time.UtcDateTime && AttemptId.TryParse(Path.GetFileNameWithoutExtension(file.Name), out var attempt))
                attempts.Add(attempt);
        }

        return [.. attempts];
    }

    public void Remove(AttemptId attempt)
    {
        File.Delete(PathOf(attempt, LogStream.Stdout));
        File.Delete(PathOf(attempt, LogStream.Stderr));
    }

    private static void FillGap(FileStream file, long count)
    {
        var notice = Encoding.ASCII.GetBytes($"\n[{count} bytes of output were lost here]\n");
        var padding = new byte[64 * 1024];
        Array.Fill(padding, (byte)' ');
        for (var left = count - notice.Length; left > 0; left -= padding.Length)
        {
            file.Write(padding.AsSpan(0, (int)Math.Min(left, padding.Length)));
        }

        file.Write(notice.AsSpan(0, (int)Math.Min(count, notice.Length)));
    }

    private string PathOf(AttemptId attempt, LogStream stream) =>
        Path.Combine(_directory, $"{attempt}.{(stream == LogStream.Stdout ? "stdout" : "stderr")}");
}
