using System.Text;
using Spectre.Console;

namespace Ahoy.Client.Output;

/// <summary>Rows under headings. On a terminal drawn by Spectre.Console, else aligned plain text that scripts can cut.</summary>
internal sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(PlainText.Line)]);

    public void Print(Terminal terminal)
    {
        if (terminal.InteractiveOutput && Terminal.Colours)
            PrintForPeople();
        else
            terminal.Write(ToString());
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

    private void PrintForPeople()
    {
        var table = new Table().NoBorder();
        foreach (var heading in headings)
        {
            table.AddColumn(new TableColumn(new Text(heading, new Style(decoration: Decoration.Bold))).PadRight(2));
        }

        foreach (var row in _rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        AnsiConsole.Write(table);
    }
}
