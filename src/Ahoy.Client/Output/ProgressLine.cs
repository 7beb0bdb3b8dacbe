using System.Text;
using Ahoy.Client.Transfers;
using Spectre.Console;

namespace Ahoy.Client.Output;

/// <summary>Shows how far a transfer is, on standard error, when that is a terminal; silent otherwise.</summary>
internal static class ProgressLine
{
    /// <summary>Runs <paramref name="work"/> under a progress bar.</summary>
    public static async Task<T> RunAsync<T>(Terminal terminal, string title, Func<IProgress<TransferProgress>, Task<T>> work)
    {
        if (!terminal.InteractiveError || !Terminal.Colours)
            return await work(new Silent());
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(new StreamWriter(terminal.Error, new UTF8Encoding(false)) { AutoFlush = true }) });
        return await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(async context => await work(new Bar(context, title)));
    }

    private sealed class Silent : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value)
        {
        }
    }

    /// <summary>The bar appears with the first byte that moves: when nothing has to travel, nothing is drawn.</summary>
    private sealed class Bar(ProgressContext context, string title) : IProgress<TransferProgress>
    {
        private ProgressTask? _task;

        public void Report(TransferProgress value)
        {
            _task ??= context.AddTask(title);
            _task.MaxValue = Math.Max(1, value.Total);
            _task.Value = value.Done;
        }
    }
}
