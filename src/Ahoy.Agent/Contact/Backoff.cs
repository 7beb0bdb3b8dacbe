namespace Ahoy.Agent.Contact;

/// <summary>Delays after failures: from 0.2 s, doubled each time up to 30 s, each cut by a random part so that agents do not come back all at once.</summary>
internal sealed class Backoff
{
    private const double FirstSeconds = 0.2;
    private const double LongestSeconds = 30;

    public int Failures { get; private set; }

    public TimeSpan Next()
    {
        var whole = Math.Min(LongestSeconds, FirstSeconds * Math.Pow(2, Math.Min(Failures, 16)));
        Failures++;
        return TimeSpan.FromSeconds(whole * (0.5 + Random.Shared.NextDouble() / 2));
    }

    public void Reset() => Failures = 0;
}
