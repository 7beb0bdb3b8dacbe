using System.Runtime.ExceptionServices;

namespace Ahoy.Wrapper.Relay;

/// <summary>Works through a list in a few threads; the first fault stops the rest and is thrown to the caller.</summary>
internal static class Workers
{
    /// <summary>As many connections as make up for each one's round trips without crowding the agent.</summary>
    private const int Most = 4;

    public static void ForEach<T>(IReadOnlyList<T> items, Action<T, CancellationToken> work, CancellationToken cancellationToken)
    {
        if (items.Count == 1)
        {
            work(items[0], cancellationToken);
            return;
        }

        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ExceptionDispatchInfo? first = null;
        var taken = -1;
        var threads = new Thread[Math.Min(Most, items.Count)];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work, 512 * 1024) { IsBackground = true, Name = "transfer" };
            threads[i].Start();
        }

        foreach (var thread in threads)
        {
            thread.Join();
        }

        first?.Throw();

        void Work()
        {
            try
            {
                while (Interlocked.Increment(ref taken) is var index && index < items.Count)
                {
                    work(items[index], stopping.Token);
                }
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(e), null);
                stopping.Cancel();
            }
        }
    }
}
