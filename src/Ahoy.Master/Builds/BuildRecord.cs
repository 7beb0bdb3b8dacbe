using Ahoy.Contracts;
using Ahoy.Contracts.Builds;

namespace Ahoy.Master.Builds;

/// <summary>A build that was asked for since this master started. Its result lasts in the database; the record and its log are for following it.</summary>
internal sealed class BuildRecord(string id, string owner, string name, BuildLog log, DateTimeOffset startedAt) : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private BuildView _view = new() { Id = id, Name = name, State = BuildState.Running, StartedAt = startedAt };

    private readonly CancellationTokenSource _cancel = new();

    public string Owner { get; } = owner;
    public BuildLog Log { get; } = log;
    public BuildView View => Volatile.Read(ref _view);
    public Task Ended => _ended.Task;

    /// <summary>Set when its user wants it no more.</summary>
    public CancellationToken Canceled => _cancel.Token;

    public void Cancel() => _cancel.Cancel();

    public void Dispose() => _cancel.Dispose();

    public void Complete(Digest image, bool fromStore, DateTimeOffset now) =>
        End(_view with { State = BuildState.Complete, Image = image, FromStore = fromStore, EndedAt = now });

    public void Fail(string error, DateTimeOffset now) => End(_view with { State = BuildState.Failed, Error = error, EndedAt = now });

    private void End(BuildView view)
    {
        Volatile.Write(ref _view, view);
        Log.Close();
        _ended.TrySetResult();
    }
}
