using System.Diagnostics;
using Ahoy.Contracts;

namespace Ahoy.Wrapper.Relay;

/// <summary>Repeats a call that fails for transient reasons, with growing, jittered delays, as long as it makes progress at all.</summary>
internal static class Retry
{
    /// <param name="policy">The delays and the bound.</param>
    /// <param name="progress">A number that grows whenever the call gets further; a change starts the delays and the bound anew.</param>
    /// <param name="call">The call. Only an <see cref="AhoyException"/> that says so is transient.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static void Run(RetryPolicy policy, Func<long> progress, Action call, CancellationToken cancellationToken)
    {
        var stuck = Stopwatch.StartNew();
        var reached = progress();
        var delay = policy.FirstDelay;
        while (true)
        {
            try
            {
                call();
                return;
            }
            catch (AhoyException e) when (e.Transient)
            {
                if (progress() != reached)
                {
                    reached = progress();
                    delay = policy.FirstDelay;
                    stuck.Restart();
                }

                if (stuck.Elapsed > policy.GiveUpAfter)
                    throw new AhoyException(e.Code, $"{e.Message} Gave up after {stuck.Elapsed.TotalSeconds:0} s without progress.", e, transient: true);

                // Between half and all of the delay: jobs that lost the same agent do not come back all at once.
                cancellationToken.WaitHandle.WaitOne(delay * (0.5 + (Random.Shared.NextDouble() / 2)));
                cancellationToken.ThrowIfCancellationRequested();
                delay = delay * 2 < policy.LongestDelay ? delay * 2 : policy.LongestDelay;
            }
        }
    }
}
