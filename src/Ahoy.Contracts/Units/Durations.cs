using System.Globalization;

namespace Ahoy.Contracts.Units;

/// <summary>Durations as people write them: "90s", "30m", "1h30m", "2d".</summary>
public static class Durations
{
    /// <summary>Reads one or more of days, hours, minutes and seconds, each with its unit: "1d2h", "1h30m", "45s".</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/> with what would be right.</exception>
    public static TimeSpan Parse(string text)
    {
        var total = TimeSpan.Zero;
        var digits = "";
        var lastUnit = int.MaxValue;
        foreach (var c in text.Trim())
        {
            if (char.IsAsciiDigit(c))
            {
                digits += c;
                continue;
            }

            var seconds = c switch { 'd' => 86400, 'h' => 3600, 'm' => 60, 's' => 1, _ => 0 };
            if (seconds == 0 || seconds >= lastUnit || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
                throw Invalid(text);
            lastUnit = seconds;
            total += TimeSpan.FromSeconds((long)count * seconds);
            digits = "";
        }

        return digits.Length == 0 && lastUnit != int.MaxValue ? total : throw Invalid(text);
    }

    /// <summary>"1h30m", "45s"; less than a second as "0.3s".</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.FromSeconds(10))
            return duration.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture) + "s";
        var text = "";
        if (duration.Days > 0)
            text += $"{duration.Days}d";
        if (duration.Hours > 0)
            text += $"{duration.Hours}h";
        if (duration.Minutes > 0)
            text += $"{duration.Minutes}m";
        if (duration.Seconds > 0 && duration.Days == 0)
            text += $"{duration.Seconds}s";
        return text;
    }

    private static AhoyException Invalid(string text) =>
        new(ErrorCode.InvalidRequest, $"\"{text}\" is not a duration. Write numbers with units d, h, m, s, such as 1h30m or 90s.");
}
