using Ahoy.Master.Storage;

namespace Ahoy.Master.Builds;

/// <summary>A build's log: a file that grows, and a signal for those who follow it.</summary>
internal sealed class BuildLog(string path)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _grown = NewSignal();
    private bool _closed;

    public string Path { get; } = path;

    public bool Closed
    {
        get
        {
            lock (_gate)
            {
                return _closed;
            }
        }
    }

    /// <summary>Bytes so far.</summary>
    public long Length => new FileInfo(Path) is { Exists: true } file ? file.Length : 0;

    public void WriteLine(string line)
    {
        lock (_gate)
        {
            File.AppendAllText(Path, line + "\n");
        }

        Signal();
    }

    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }

        Signal();
    }

    /// <summary>Completes when there is more, or there never will be.</summary>
    public Task WhenGrown()
    {
        lock (_gate)
        {
            return _closed ? Task.CompletedTask : _grown.Task;
        }
    }

    public byte[] Read(long offset, int count) => GrowingFile.Read(Path, offset, count);

    public void Signal()
    {
        TaskCompletionSource grown;
        lock (_gate)
        {
            grown = _grown;
            _grown = NewSignal();
        }

        grown.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
