using System.Text;
using Ahoy.Contracts.Builds;

namespace Ahoy.Images.Capture;

/// <summary>The report for people, in 80 columns: what is missing first, then how the rest is met.</summary>
public static class CaptureReportText
{
    private const int Width = 80;
    private const int MostReasons = 3;

    /// <param name="report">The report.</param>
    /// <param name="baseName">What to call the base image; null when none was given.</param>
    public static string Render(CaptureReport report, string? baseName)
    {
        var text = new StringBuilder();
        foreach (var program in report.Items.Where(item => item.Kind == CaptureKind.Program))
        {
            text.Append(program.Path ?? program.Name).AppendLine();
        }

        Section(text, "Not met:", report.Unmet.Select(item => (item.Name, $"{Reasons(item.Why)}. {item.Hint}")));
        Section(text, "Packages to install:", report.Packages.Select(package => (package.Name, Package(package))));
        Section(text, "Copied into the image:", Copied(report));
        Section(text, "In the image by --add:", Of(report, CaptureSupply.Added));
        Section(text, "Travels with the job:", Of(report, CaptureSupply.Input));
        var inBase = report.Items.Where(item => item.Supply == CaptureSupply.Base).Select(item => Path.GetFileName(item.Name)).Distinct().ToList();
        if (inBase.Count > 0)
            Section(text, $"Already in {baseName ?? "the base"}:", [("", string.Join(", ", inBase))]);
        Section(text, "Not followed:", report.Unresolved.Select(what => ("-", what)));
        Section(text, "Notes:", report.Notes.Select(note => ("-", note)));
        if (!report.Unmet.Any() && report.Unresolved.Count == 0)
            text.AppendLine().AppendLine("Everything that was found to be needed is met.");
        return text.ToString();
    }

    private static string Package(CapturedPackage package) =>
        package.Brings.Count == 0 ? Reasons(package.Why) : $"{Reasons(package.Why)} (brings {string.Join(", ", package.Brings)})";

    private static IEnumerable<(string, string)> Of(CaptureReport report, CaptureSupply supply) =>
        report.Items.Where(item => item.Supply == supply).Select(item => (item.Target ?? item.Name, Reasons(item.Why)));

    private static IEnumerable<(string, string)> Copied(CaptureReport report)
    {
        foreach (var item in Of(report, CaptureSupply.Copied))
        {
            yield return item;
        }

        var files = report.Files.Where(file => file.Type == BuildFileType.File).ToList();
        if (files.Count > 0)
            yield return ("", $"{files.Count} {(files.Count == 1 ? "file" : "files")}, {Size(files.Sum(file => file.Size))} in all");
    }

    private static string Size(long bytes) => bytes < 1 << 20 ? $"{(bytes + 1023) >> 10} KB" : $"{bytes / (double)(1 << 20):0.0} MB";

    private static string Reasons(IReadOnlyList<string> why) =>
        why.Count <= MostReasons ? string.Join("; ", why) : $"{string.Join("; ", why.Take(MostReasons))}; and {why.Count - MostReasons} more";

    private static void Section(StringBuilder text, string title, IEnumerable<(string Name, string Text)> lines)
    {
        var all = lines.ToList();
        if (all.Count == 0)
            return;
        text.AppendLine().AppendLine(title);
        var column = Math.Min(24, all.Max(line => line.Name.Length) + 2) + 2;
        foreach (var (name, words) in all)
        {
            // A name that is longer than its column gets a line of its own.
            if (name.Length + 4 > column)
                text.Append("  ").AppendLine(name).Append(' ', column);
            else
                text.Append($"  {name}".PadRight(column));
            Wrap(text, words, column);
        }
    }

    private static void Wrap(StringBuilder text, string words, int column)
    {
        var at = column;
        foreach (var word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at > column && at + 1 + word.Length > Width)
            {
                text.AppendLine().Append(' ', column);
                at = column;
            }
            else if (at > column)
            {
                text.Append(' ');
                at++;
            }

            text.Append(word);
            at += word.Length;
        }

        text.AppendLine();
    }
}
