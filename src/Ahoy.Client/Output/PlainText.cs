namespace Ahoy.Client.Output;

/// <summary>
/// Takes control characters (C0, DEL and C1) out of texts that others wrote, names above all: a terminal would obey them.
/// Job logs are not touched: they are the program's bytes.
/// </summary>
internal static class PlainText
{
    /// <summary>For one line: every control character becomes "?".</summary>
    public static string Line(string text) => Replace(text, keepLines: false);

    /// <summary>The same, but line ends and tabs stay.</summary>
    public static string Lines(string text) => Replace(text, keepLines: true);

    private static string Replace(string text, bool keepLines) =>
        text.Any(char.IsControl)
            ? string.Concat(text.Select(c => char.IsControl(c) && !(keepLines && c is '\n' or '\t') ? '?' : c))
            : text;
}
