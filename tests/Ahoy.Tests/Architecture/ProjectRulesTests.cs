using System.Text.RegularExpressions;
using System.Xml.Linq;
using Ahoy.Testing;

namespace Ahoy.Tests.Architecture;

/// <summary>Keeps the shape of the source tree: who may refer to whom, and where things lie.</summary>
public sealed partial class ProjectRulesTests
{
    /// <summary>
    /// Who may refer to whom. Lower parts know nothing of higher ones; client, master, agent and wrapper know each other only
    /// through the wire (Ahoy.Contracts).
    /// </summary>
    private static readonly Dictionary<string, string[]> AllowedReferences = new()
    {
        ["Ahoy.Contracts"] = [],
        ["Ahoy.Processes"] = [],
        ["Ahoy.Images"] = ["Ahoy.Contracts", "Ahoy.Processes"],
        ["Ahoy.Runtimes"] = ["Ahoy.Contracts", "Ahoy.Images", "Ahoy.Processes"],
        ["Ahoy.Provisioning"] = ["Ahoy.Contracts", "Ahoy.Processes"],
        ["Ahoy.Master"] = ["Ahoy.Contracts", "Ahoy.Images", "Ahoy.Processes", "Ahoy.Provisioning", "Ahoy.Runtimes"],
        ["Ahoy.Agent"] = ["Ahoy.Contracts", "Ahoy.Images", "Ahoy.Processes", "Ahoy.Runtimes"],
        ["Ahoy.Wrapper"] = ["Ahoy.Contracts"],
        ["Ahoy.Client"] = ["Ahoy.Contracts", "Ahoy.Images", "Ahoy.Processes"],
        ["Ahoy"] = ["Ahoy.Agent", "Ahoy.Client", "Ahoy.Contracts", "Ahoy.Images", "Ahoy.Master", "Ahoy.Processes", "Ahoy.Runtimes", "Ahoy.Wrapper"],
    };

    private static readonly string[] NamelessFolders = ["Common", "Core", "Helpers", "Misc", "Shared", "Utilities", "Utils"];

    private static string Source => Path.Combine(Repository.Root, "src");

    [Fact]
    public void Projects_ReferToNobodyOutsideTheTable()
    {
        var faults = from file in Directory.EnumerateFiles(Source, "*.csproj", SearchOption.AllDirectories)
                     let project = Path.GetFileNameWithoutExtension(file)
                     from reference in XDocument.Load(file).Descendants("ProjectReference")
                     let target = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)
                     where !AllowedReferences.TryGetValue(project, out var allowed) || !allowed.Contains(target)
                     select $"{project} must not refer to {target}";

        Assert.Empty(faults);
    }

    [Fact]
    public void Projects_AreAllInTheTableAndInTheSolution()
    {
        var projects = Directory.EnumerateFiles(Source, "*.csproj", SearchOption.AllDirectories).ToList();
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "Ahoy.slnx"));

        Assert.NotEmpty(projects);
        Assert.All(projects, file => Assert.Contains(Path.GetFileNameWithoutExtension(file), AllowedReferences.Keys));
        Assert.All(projects, file => Assert.Contains(Path.GetRelativePath(Repository.Root, file), solution));
    }

    [Fact]
    public void Packages_HaveTheirVersionsInOnePlace()
    {
        var faults = from file in SourceFiles("*.csproj")
                     from reference in XDocument.Load(file).Descendants("PackageReference")
                     where reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null
                     select $"{Path.GetRelativePath(Repository.Root, file)}: {reference.Attribute("Include")?.Value}";

        Assert.Empty(faults);
    }

    [Fact]
    public void Folders_AreNamedAfterWhatIsInThem()
    {
        var faults = SourceFiles("*.cs")
            .Select(file => Path.GetRelativePath(Repository.Root, file))
            .Where(file => file.Split('/')[..^1].SelectMany(folder => folder.Split('.')).Intersect(NamelessFolders).Any());

        Assert.Empty(faults);
    }

    [Fact]
    public void Files_OfTheProductHoldOneTypeWithTheFilesName()
    {
        var faults = from file in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
                     where IsSource(file) && Path.GetFileName(file) != "Program.cs"
                     let name = Path.GetFileName(file).Split('.')[0]
                     let types = TopLevelType().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value).ToList()
                     where types.Count != 1 || types[0] != name
                     select $"{Path.GetRelativePath(Repository.Root, file)} holds {(types.Count == 0 ? "no type" : string.Join(", ", types))}";

        Assert.Empty(faults);
    }

    [Fact]
    public void Files_AreNotLongerThanAPersonReads()
    {
        const int limit = 400;
        var faults = from file in SourceFiles("*.cs")
                     let lines = File.ReadLines(file).Count()
                     where lines > limit
                     select $"{Path.GetRelativePath(Repository.Root, file)} has {lines} lines; look for the second type in it (limit {limit})";

        Assert.Empty(faults);
    }

    private static IEnumerable<string> SourceFiles(string pattern) =>
        new[] { "src", "tests", "bench" }
            .Select(folder => Path.Combine(Repository.Root, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories))
            .Where(IsSource);

    private static bool IsSource(string file) => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal);

    /// <summary>With file-scoped namespaces a type that begins in the first column is not nested. Types of modifier "file" belong to their one file.</summary>
    [GeneratedRegex(@"^(?:(?:public|internal|sealed|static|abstract|partial|readonly|unsafe|ref) )*(?:class|interface|enum|struct|record(?: struct| class)?|delegate [\w<>\[\]?.]+) (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex TopLevelType();
}
