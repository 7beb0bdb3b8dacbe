namespace Ahoy.Testing;

/// <summary>Waits for a condition of another process, which offers nothing to wait on but its state.</summary>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <exception cref="TimeoutException">It did not become true within 30 s; the message says what was waited for.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(begun) > Limit)
                throw new TimeoutException($"Within {Limit.TotalSeconds:0} s it did not happen that {what}.");
            await Task.Delay(Pause);
        }
    }
}
