using System.Text;

namespace Ahoy.Images.Bases;

/// <summary>One suite of an apt archive, component main.</summary>
/// <param name="Url">Without trailing slash.</param>
/// <param name="Suite">"bookworm-security".</param>
internal sealed record AptSource(string Url, string Suite)
{
    private const string Component = "main";

    /// <summary>As a line of sources.list (man sources.list(5)).</summary>
    public string Line => $"deb {Url} {Suite} {Component}";

    /// <summary>What this computer's apt uses. None on computers without apt.</summary>
    public static IReadOnlyList<AptSource> OfHost(string directory = "/etc/apt")
    {
        var sources = new List<AptSource>();
        var list = Path.Combine(directory, "sources.list");
        if (File.Exists(list))
            sources.AddRange(ParseLines(File.ReadAllText(list)));
        var parts = Path.Combine(directory, "sources.list.d");
        if (!Directory.Exists(parts))
            return sources;
        foreach (var file in Directory.GetFiles(parts).Order(StringComparer.Ordinal))
        {
            if (file.EndsWith(".list", StringComparison.Ordinal))
                sources.AddRange(ParseLines(File.ReadAllText(file)));
            else if (file.EndsWith(".sources", StringComparison.Ordinal))
                sources.AddRange(ParseDeb822(File.ReadAllText(file)));
        }

        return sources;
    }

    /// <summary>The one-line format: "deb [options] URL suite component…".</summary>
    internal static IEnumerable<AptSource> ParseLines(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split('#')[0].Split(' ', '\t').Where(word => word.Length > 0).ToList();
            if (words.Count == 0 || words[0] != "deb")
                continue;
            words.RemoveAt(0);
            if (words.Count > 0 && words[0].StartsWith('['))
                words.RemoveRange(0, words.FindIndex(word => word.EndsWith(']')) + 1);
            if (words.Count >= 3 && words.Skip(2).Contains(Component))
                yield return new AptSource(words[0].TrimEnd('/'), words[1]);
        }
    }

    /// <summary>The format of paragraphs (man deb822(5)): fields, with continuation lines that begin with white space.</summary>
    internal static IEnumerable<AptSource> ParseDeb822(string text)
    {
        foreach (var fields in Paragraphs(text))
        {
            if (!Words(fields, "Types").Contains("deb") || !Words(fields, "Components").Contains(Component) || Words(fields, "Enabled").Contains("no"))
                continue;
            foreach (var url in Words(fields, "URIs"))
            {
                foreach (var suite in Words(fields, "Suites"))
                    yield return new AptSource(url.TrimEnd('/'), suite);
            }
        }
    }

    private static IEnumerable<Dictionary<string, StringBuilder>> Paragraphs(string text)
    {
        var fields = new Dictionary<string, StringBuilder>(StringComparer.OrdinalIgnoreCase);
        StringBuilder? field = null;
        foreach (var line in text.Split('\n').Append(""))
        {
            if (line.StartsWith('#'))
                continue;
            if (line.Trim().Length == 0)
            {
                if (fields.Count > 0)
                    yield return fields;
                fields = new Dictionary<string, StringBuilder>(StringComparer.OrdinalIgnoreCase);
                field = null;
            }
            else if (char.IsWhiteSpace(line[0]))
            {
                field?.Append(' ').Append(line.Trim());
            }
            else if (line.IndexOf(':', StringComparison.Ordinal) is var colon and > 0)
            {
                field = fields[line[..colon]] = new StringBuilder(line[(colon + 1)..].Trim());
            }
        }
    }

    private static string[] Words(Dictionary<string, StringBuilder> fields, string name) =>
        fields.GetValueOrDefault(name)?.ToString().Split(' ', '\t').Where(word => word.Length > 0).ToArray() ?? [];
}
