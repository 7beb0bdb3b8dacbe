using System.Globalization;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>The indices of --array, as Slurm writes them: FIRST-LAST.</summary>
internal readonly record struct ArrayRange(int First, int Count)
{
    // As many as a selector takes.
    private const int MostJobs = 10_000;

    /// <exception cref="UsageException">It is no range, or has too many indices.</exception>
    public static ArrayRange Parse(string text)
    {
        if (text.Split('-') is not [var first, var last]
            || !int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            || !int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var to)
            || to < from)
            throw new UsageException($"\"{text}\" is no range of indices. Write FIRST-LAST, such as 1-100.");
        var count = (long)to - from + 1;
        return count <= MostJobs
            ? new ArrayRange(from, (int)count)
            : throw new UsageException($"{text} has {count} indices; at most {MostJobs} can be submitted at once.");
    }

    /// <summary>Ids as selectors that other commands take: "7-106 110".</summary>
    public static string Text(IReadOnlyList<JobId> ids)
    {
        var runs = new List<(long First, long Last)>();
        foreach (var id in ids.Select(id => id.Value))
        {
            if (runs is [.., var (first, last)] && last + 1 == id)
                runs[^1] = (first, id);
            else
                runs.Add((id, id));
        }

        return string.Join(' ', runs.Select(run => run.First == run.Last ? $"{run.First}" : $"{run.First}-{run.Last}"));
    }
}
