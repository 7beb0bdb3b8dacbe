using System.Text.RegularExpressions;
using Ahoy.Testing;

namespace Ahoy.Tests.Architecture;

/// <summary>docs/requirements.md lists every requirement, and what it names as shown by a test is a test that exists.</summary>
public sealed partial class RequirementsDocumentTests
{
    private const string NotYet = "not yet";

    private static readonly string[] Ids =
    [
        .. Numbered("ROLE", 3), .. Numbered("ARCH", 6), .. Numbered("BASE", 4), .. Numbered("IMG", 8), .. Numbered("DEP", 6),
        .. Numbered("JOB", 8), .. Numbered("SCHED", 5), .. Numbered("AGENT", 8), .. Numbered("WRAP", 2), .. Numbered("SEC", 4), .. Numbered("OPS", 4),
    ];

    [Fact]
    public void Document_HasOneRowForEveryRequirement()
    {
        Assert.Equal(Ids, Rows().Select(row => row.Id));
    }

    [Fact]
    public void Document_NamesOnlyTestsThatExist()
    {
        var faults = from row in Rows()
                     from named in TestName().Matches(row.ShownBy)
                     let file = Path.Combine(Repository.Root, "tests", named.Groups["file"].Value)
                     let method = named.Groups["method"].Value
                     where !File.Exists(file) || !Regex.IsMatch(File.ReadAllText(file), $@"(void|Task) {method}\(")
                     select $"{row.Id}: {named.Value}";

        Assert.Empty(faults);
    }

    [Fact]
    public void Document_SaysForEveryRequirementATestOrNotYet()
    {
        Assert.All(Rows(), row => Assert.True(row.ShownBy.StartsWith(NotYet, StringComparison.Ordinal) || TestName().IsMatch(row.ShownBy), $"{row.Id}: \"{row.ShownBy}\""));
    }

    private static IEnumerable<string> Numbered(string area, int count) => Enumerable.Range(1, count).Select(i => $"{area}-{i}");

    /// <summary>Rows of the form "| ID | what | shown by |".</summary>
    private static List<(string Id, string ShownBy)> Rows() =>
        [.. from line in File.ReadLines(Path.Combine(Repository.Root, "docs", "requirements.md"))
            let match = Row().Match(line)
            where match.Success
            select (match.Groups["id"].Value, match.Groups["shown"].Value.Trim())];

    [GeneratedRegex(@"^\| (?<id>[A-Z]+-\d+) \|(?<what>[^|]*)\|(?<shown>[^|]*)\|$")]
    private static partial Regex Row();

    /// <summary>`Ahoy.Tests/Units/ByteSizeTests.cs: Parse_Reads`.</summary>
    [GeneratedRegex(@"`(?<file>[\w./]+\.cs): (?<method>\w+)`")]
    private static partial Regex TestName();
}
