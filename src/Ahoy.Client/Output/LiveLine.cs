using System.Diagnostics;

namespace Ahoy.Client.Output;

/// <summary>One line below the terminal's text that is drawn again and again while work goes on, and is gone afterwards.</summary>
internal static class LiveLine
{
    /// <summary>Often enough for the eye; work that is done sooner draws nothing.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private const int BarWidth = 24;

    /// <param name="terminal">Where; when it is no terminal, nothing is drawn.</param>
    /// <param name="text">What to draw, given the time since the start; null: nothing.</param>
    /// <param name="work">What goes on.</param>
    public static async Task<T> RunAsync<T>(Terminal terminal, Func<TimeSpan, string?> text, Task<T> work)
    {
        if (!terminal.DrawsProgress)
            return await work;
        var begun = Stopwatch.GetTimestamp();
        try
        {
            while (await Task.WhenAny(work, Task.Delay(Pace)) != work)
            {
                terminal.Draw(text(Stopwatch.GetElapsedTime(begun)));
            }
        }
        finally
        {
            terminal.Draw(null);
        }

        return await work;
    }

    /// <summary>"[=====>    ]  42%".</summary>
    public static string Bar(long done, long total)
    {
        var share = total <= 0 ? 1 : Math.Clamp((double)done / total, 0, 1);
        var filled = (int)(share * BarWidth);
        return $"[{new string('=', filled)}{(filled < BarWidth ? ">" : "")}{new string(' ', Math.Max(0, BarWidth - filled - 1))}] {(int)(share * 100),3}%";
    }
}
