using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Relay;

/// <summary>
/// Tells the agent in which phase the attempt is, in a thread of its own: neither the program's start nor its end waits for it.
/// Only the latest phase counts, and none that comes when the result is already written.
/// </summary>
internal sealed class PhaseReporter(string socket, RetryPolicy retry)
{
    private readonly Lock _lock = new();
    private JobState? _next;
    private bool _working;

    public void Tell(JobState phase)
    {
        lock (_lock)
        {
            _next = phase;
            if (_working)
                return;
            _working = true;
            new Thread(Work, 256 * 1024) { IsBackground = true, Name = "phase" }.Start();
        }
    }

    private void Work()
    {
        while (TakeNext() is { } phase)
        {
            try
            {
                Retry.Run(retry, static () => 0, () => Send(phase), CancellationToken.None);
            }
            catch (AhoyException e)
            {
                // Not worth a job: the agent learns all from the result.
                StandardError.WriteLine($"The agent could not be told that the job is {phase}: {e.Message}");
            }
        }
    }

    private JobState? TakeNext()
    {
        lock (_lock)
        {
            var next = _next;
            _next = null;
            _working = next is not null;
            return next;
        }
    }

    private void Send(JobState phase)
    {
        using var connection = RelayConnection.Open(socket, retry.StallTime, CancellationToken.None);
        lock (_lock)
        {
            phase = _next ?? phase;
            _next = null;
        }

        connection.Ask(new RelayRequest { Operation = RelayOperation.Phase, Phase = phase });
    }
}
