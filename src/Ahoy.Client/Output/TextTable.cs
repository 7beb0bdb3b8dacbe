using System.Text;

namespace Ahoy.Client.Output;

/// <summary>Rows under headings. Aligned plain text that scripts can cut; on a terminal the headings are bold.</summary>
internal sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(PlainText.Line)]);

    public void Print(Terminal terminal)
    {
        var text = ToString();
        var end = text.IndexOf('\n');
        if (terminal.InteractiveOutput && Terminal.Colours)
            terminal.Pass(terminal.Output, Encoding.UTF8.GetBytes($"\u001b[1m{text[..end]}\u001b[0m{text[end..]}"));
        else
            terminal.Write(text);
    }

    /// <summary>Columns as wide as their widest cell, two blanks between them, none at the end of a line.</summary>
    public override string ToString()
    {
        var widths = headings.Select((heading, column) => Math.Max(heading.Length, _rows.Select(row => row[column].Length).DefaultIfEmpty().Max())).ToArray();
        var text = new StringBuilder();
        foreach (var row in _rows.Prepend(headings))
        {
            var line = string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column])));
            text.Append(line.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
