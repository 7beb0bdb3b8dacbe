namespace Ahoy.Master;

/// <summary>Long polls: waiting for an event, but not longer than both sides agreed.</summary>
internal static class Waits
{
    public const int MaxSeconds = 60;

    public static TimeSpan Bounded(int? seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds ?? 0, 0, MaxSeconds));

    /// <summary>Returns when <paramref name="happened"/> completes or the time is up.</summary>
    public static async Task ForAsync(Task happened, TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(happened, Task.Delay(longest, time, timeout.Token));
        await timeout.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
