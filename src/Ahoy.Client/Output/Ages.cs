using System.Globalization;

namespace Ahoy.Client.Output;

/// <summary>Points in time as people read them.</summary>
internal static class Ages
{
    /// <summary>The largest unit that fits: "45s", "12m", "3h", "5d".</summary>
    public static string Short(TimeSpan age) => age switch
    {
        { TotalSeconds: < 60 } => $"{Math.Max(0, (int)age.TotalSeconds)}s",
        { TotalMinutes: < 60 } => $"{(int)age.TotalMinutes}m",
        { TotalHours: < 24 } => $"{(int)age.TotalHours}h",
        _ => $"{(int)age.TotalDays}d",
    };

    public static string Since(DateTimeOffset time) => Short(TimeProvider.System.GetUtcNow() - time);

    /// <summary>Local time to the second.</summary>
    public static string Clock(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
