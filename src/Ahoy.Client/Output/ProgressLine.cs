using System.Diagnostics;
using Ahoy.Client.Transfers;
using Ahoy.Contracts.Units;

namespace Ahoy.Client.Output;

/// <summary>Shows how far a transfer is, on standard error, when that is a terminal; silent otherwise.</summary>
internal static class ProgressLine
{
    /// <summary>Runs <paramref name="work"/> under a progress bar.</summary>
    public static Task<T> RunAsync<T>(Terminal terminal, string title, Func<IProgress<TransferProgress>, Task<T>> work)
    {
        var transfer = new Transfer();
        return LiveLine.RunAsync(terminal, _ => transfer.Line(title), work(transfer));
    }

    /// <summary>The bar appears with the first byte that moves: when nothing has to travel, nothing is drawn.</summary>
    private sealed class Transfer : IProgress<TransferProgress>
    {
        private readonly Lock _lock = new();
        private long? _begun;
        private TransferProgress _last;

        public void Report(TransferProgress value)
        {
            lock (_lock)
            {
                _begun ??= Stopwatch.GetTimestamp();
                _last = value;
            }
        }

        public string? Line(string title)
        {
            lock (_lock)
            {
                if (_begun is not { } begun)
                    return null;
                var seconds = Math.Max(0.1, Stopwatch.GetElapsedTime(begun).TotalSeconds);
                return $"{title} {LiveLine.Bar(_last.Done, _last.Total)} {ByteSize.Format(_last.Done)} of {ByteSize.Format(_last.Total)}, {ByteSize.Format((long)(_last.Done / seconds))}/s";
            }
        }
    }
}
