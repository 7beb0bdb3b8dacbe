using System.Globalization;

namespace Ahoy.Runtimes.Linux;

/// <summary>The mounts that this process sees: proc(5), /proc/PID/mountinfo.</summary>
internal static class MountTable
{
    public static IReadOnlyList<MountEntry> Read() => Parse(File.ReadAllText("/proc/self/mountinfo"));

    internal static IReadOnlyList<MountEntry> Parse(string text)
    {
        var entries = new List<MountEntry>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-");
            entries.Add(new MountEntry(Unescape(fields[3]), Unescape(fields[4]), fields[dash + 1], fields[dash + 3].Split(',')));
        }

        return entries;
    }

    // Space, tab, newline and backslash are written as three octal digits.
    private static string Unescape(string text)
    {
        for (var at = text.IndexOf('\\'); at >= 0 && at + 4 <= text.Length; at = text.IndexOf('\\', at + 1))
        {
            var code = (char)Convert.ToInt32(text.Substring(at + 1, 3), 8);
            text = string.Create(CultureInfo.InvariantCulture, $"{text[..at]}{code}{text[(at + 4)..]}");
        }

        return text;
    }
}
