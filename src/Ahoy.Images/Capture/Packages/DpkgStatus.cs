using System.Text;

namespace Ahoy.Images.Capture.Packages;

/// <summary>Reads the stanzas of /var/lib/dpkg/status (deb-control(5)): only packages that are installed.</summary>
public static class DpkgStatus
{
    public static IReadOnlyDictionary<string, DpkgPackage> Read(TextReader text)
    {
        var packages = new Dictionary<string, DpkgPackage>(StringComparer.Ordinal);
        foreach (var fields in Stanzas(text))
        {
            if (!fields.TryGetValue("Package", out var name) || !fields.GetValueOrDefault("Status", "").EndsWith(" installed", StringComparison.Ordinal))
                continue;
            // A package may be installed for two architectures at once; the names and dependencies that matter here are the same.
            packages.TryAdd(name, new DpkgPackage
            {
                Name = name,
                Version = fields.GetValueOrDefault("Version", ""),
                Architecture = fields.GetValueOrDefault("Architecture", ""),
                Essential = fields.GetValueOrDefault("Essential", "") == "yes",
                Priority = fields.GetValueOrDefault("Priority", ""),
                Dependencies = [.. Relations(fields.GetValueOrDefault("Pre-Depends", "")), .. Relations(fields.GetValueOrDefault("Depends", ""))],
                Provides = [.. Relations(fields.GetValueOrDefault("Provides", "")).Select(alternatives => alternatives[0])],
            });
        }

        return packages;
    }

    private static IEnumerable<Dictionary<string, string>> Stanzas(TextReader text)
    {
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string? current = null;
        while (text.ReadLine() is { } line)
        {
            if (line.Length == 0)
            {
                if (fields.Count > 0)
                    yield return fields;
                fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                current = null;
            }
            else if (char.IsWhiteSpace(line[0]))
            {
                if (current is "Depends" or "Pre-Depends" or "Provides")
                    fields[current] += line;
            }
            else if (line.IndexOf(':') is > 0 and var colon)
            {
                current = line[..colon];
                fields[current] = line[(colon + 1)..].Trim();
            }
        }

        if (fields.Count > 0)
            yield return fields;
    }

    // "libc6 (>= 2.34), python3:any | python3-minimal" → [[libc6], [python3, python3-minimal]]
    private static IEnumerable<IReadOnlyList<string>> Relations(string field) =>
        from relation in field.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        select (IReadOnlyList<string>)[.. relation.Split('|').Select(Name)];

    private static string Name(string alternative)
    {
        var name = new StringBuilder();
        foreach (var character in alternative.Trim())
        {
            if (character is ' ' or '(' or '[' or '<' or ':')
                break;
            name.Append(character);
        }

        return name.ToString();
    }
}
