using System.Collections.Concurrent;
using Ahoy.Agent.Contact;
using Microsoft.Extensions.Logging;

namespace Ahoy.Agent.Attempts;

/// <summary>
/// Removes what jobs leave on this host, and tries again until it is gone. While something can't be removed it may still use the host
/// (a process that hangs in the kernel, say), so the agent takes no new work and says why.
/// </summary>
internal sealed partial class Cleaner(Signal news, ILogger logger)
{
    private readonly ConcurrentDictionary<string, string> _stuck = new();

    /// <summary>Null when nothing withstands.</summary>
    public string? Stuck =>
        _stuck.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key} could not be removed; it is tried again: {one.Value}").FirstOrDefault();

    /// <summary>Tries once. False when it has to be tried again.</summary>
    public async Task<bool> TryAsync(string name, Func<Task> remove)
    {
        try
        {
            await remove();
            if (_stuck.TryRemove(name, out _))
                news.Set();
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.NotRemoved(logger, name, e);
            _stuck[name] = e.Message;
            news.Set();
            return false;
        }
    }

    /// <summary>Returns when it is done.</summary>
    /// <param name="name">Of what is removed, for people.</param>
    /// <param name="remove">Can be repeated: what is gone counts as done.</param>
    /// <param name="shutdown">Ends the trying; the next start of the agent finds what is left.</param>
    public async Task UntilDoneAsync(string name, Func<Task> remove, CancellationToken shutdown)
    {
        var backoff = new Backoff();
        while (!await TryAsync(name, remove))
            await Task.Delay(backoff.Next(), shutdown);
    }

    private static partial class Log
    {
        [LoggerMessage(22, LogLevel.Error, "{Name} could not be removed; it will be tried again")]
        public static partial void NotRemoved(ILogger logger, string name, Exception e);
    }
}
