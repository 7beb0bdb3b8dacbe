using Microsoft.Extensions.Hosting;

namespace Ahoy.Master;

/// <summary>Calls that wait for an event, but not longer than both sides agreed, and not beyond the master's end.</summary>
internal sealed class LongPolls(TimeProvider time, IHostApplicationLifetime lifetime)
{
    private const int MaxSeconds = 60;

    /// <summary>The wait that a caller asked for, in seconds, within what is allowed.</summary>
    public static TimeSpan Bounded(int? seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds ?? 0, 0, MaxSeconds));

    /// <summary>Returns when <paramref name="happened"/> completes, the time is up, or the master stops.</summary>
    public async Task WaitAsync(Task happened, TimeSpan longest, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        await Task.WhenAny(happened, Task.Delay(longest, time, timeout.Token));
        await timeout.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>True when waiting makes no sense any more.</summary>
    public bool Stopping => lifetime.ApplicationStopping.IsCancellationRequested;
}
