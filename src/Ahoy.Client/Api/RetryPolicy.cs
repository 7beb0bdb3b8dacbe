using Ahoy.Contracts;

namespace Ahoy.Client.Api;

/// <summary>
/// Repeats what failed transiently, after growing, jittered delays. A master that has never answered is reported at once: it is more
/// likely not there than just restarting.
/// </summary>
internal sealed class RetryPolicy(TimeProvider time, TimeSpan firstDelay, TimeSpan longestDelay, TimeSpan patience)
{
    private volatile bool _answered;

    /// <summary>A master's restart takes seconds; a minute covers a slow machine.</summary>
    public static RetryPolicy Default => new(TimeProvider.System, TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1));

    public void Answered() => _answered = true;

    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var delay = firstDelay;
        while (true)
        {
            try
            {
                return await call(cancellationToken);
            }
            catch (AhoyException e) when (e.Transient && _answered && time.GetElapsedTime(started) < patience)
            {
                await Task.Delay(delay * (0.5 + Random.Shared.NextDouble()), time, cancellationToken);
                delay = delay * 2 < longestDelay ? delay * 2 : longestDelay;
            }
        }
    }
}
