namespace Ahoy.Wrapper.Relay;

/// <summary>How patient the wrapper is with its relay. The agent behind it may restart, and the master behind that.</summary>
internal sealed record RetryPolicy
{
    /// <summary>Before the first repetition; each further one waits twice as long, up to <see cref="LongestDelay"/>.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(100);
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(20);
    /// <summary>Without any progress for so long, the wrapper gives up.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(30);
    /// <summary>A connection on which nothing moves for so long counts as broken.</summary>
    public TimeSpan StallTime { get; init; } = TimeSpan.FromMinutes(5);
}
