namespace Ahoy.Bench;

/// <summary>The rows of docs/performance.md.</summary>
internal sealed class ResultTable
{
    private readonly List<string[]> _rows = [["figure", "measured", "peer", "compared", "goal", ""]];

    public void Add(string figure, string measured, string peer, string compared, string goal, bool reached) =>
        _rows.Add([figure, measured, peer, compared, goal, reached ? "reached" : "MISSED"]);

    public void Print()
    {
        Console.WriteLine($"{Environment.ProcessorCount} processors, Linux {Environment.OSVersion.Version}, {DateTime.UtcNow:yyyy-MM-dd}");
        Console.WriteLine();
        for (var i = 0; i < _rows.Count; i++)
        {
            Console.WriteLine($"| {string.Join(" | ", _rows[i])} |");
            if (i == 0)
                Console.WriteLine(string.Concat(Enumerable.Repeat("|---", _rows[i].Length)) + "|");
        }
    }
}
