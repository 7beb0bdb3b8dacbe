namespace Ahoy.Bench;

/// <summary>The middle of many measurements: one slow run does not move it.</summary>
internal static class Median
{
    public static double Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? throw new ArgumentException("Nothing was measured.", nameof(values)) : sorted[sorted.Count / 2];
    }
}
