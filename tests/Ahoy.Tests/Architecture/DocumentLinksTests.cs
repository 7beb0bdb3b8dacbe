using System.Text.RegularExpressions;
using Ahoy.Testing;

namespace Ahoy.Tests.Architecture;

/// <summary>What the documents point to exists.</summary>
public sealed partial class DocumentLinksTests
{
    [Fact]
    public void Links_LeadToFilesThatExist()
    {
        var documents = Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "examples"), "*.md", SearchOption.AllDirectories))
            .Append(Path.Combine(Repository.Root, "README.md"))
            .ToList();
        var faults = from document in documents
                     from link in Link().Matches(File.ReadAllText(document)).Select(match => match.Groups["target"].Value)
                     where !link.StartsWith("http", StringComparison.Ordinal) && !Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, link))
                     select $"{Path.GetRelativePath(Repository.Root, document)} links to {link}";

        Assert.True(documents.Count > 10, "the documents were not found");
        Assert.Empty(faults);
    }

    /// <summary>`[text](target#part)` of Markdown.</summary>
    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)(#[^)]*)?\)")]
    private static partial Regex Link();
}
