using System.Text;
using Ahoy.Contracts.Images;
using Ahoy.Images.Layers;

namespace Ahoy.Images.Oci;

/// <summary>Describes a root file system: os-release (man os-release(5)), dpkg's packages (man deb822(5)), paths.</summary>
internal static class RootContents
{
    public const string OsRelease = "etc/os-release";
    public const string VendorOsRelease = "usr/lib/os-release";
    public const string PackageStatus = "var/lib/dpkg/status";
    private const string StatusDirectory = "var/lib/dpkg/status.d";

    public static ImageContents Describe(LayerNode root)
    {
        var files = new List<string>();
        var links = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, node) in root.Children ?? [])
        {
            if (node.Type == LayerEntryType.Symlink && root.Find(node.Target.Trim('/')) is { Type: LayerEntryType.Directory })
                links.Add("/" + name, node.Target);
            else
                Collect("/" + name, node, files);
        }

        files.Sort(StringComparer.Ordinal);
        var system = Variables(root.Find(OsRelease)?.Content ?? root.Find(VendorOsRelease)?.Content);
        return new ImageContents
        {
            OsId = system.GetValueOrDefault("ID"),
            OsVersion = system.GetValueOrDefault("VERSION_ID"),
            OsName = system.GetValueOrDefault("PRETTY_NAME"),
            Packages = Packages(root),
            Files = files,
            DirectoryLinks = links,
        };
    }

    private static void Collect(string path, LayerNode node, List<string> files)
    {
        if (node.Type is LayerEntryType.File or LayerEntryType.Symlink)
            files.Add(path);
        foreach (var (name, child) in node.Children ?? [])
            Collect($"{path}/{name}", child, files);
    }

    private static Dictionary<string, string> Variables(byte[]? content)
    {
        var variables = new Dictionary<string, string>();
        foreach (var line in Lines(content))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && line[0] != '#')
                variables[line[..equals].Trim()] = Unquote(line[(equals + 1)..].Trim());
        }

        return variables;
    }

    /// <summary>Values may stand in quotes, with the shell's backslashes inside.</summary>
    private static string Unquote(string value)
    {
        if (value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0])
            value = value[1..^1];
        return value.Replace("\\\"", "\"").Replace("\\$", "$").Replace("\\`", "`").Replace("\\\\", "\\");
    }

    private static SortedDictionary<string, string> Packages(LayerNode root)
    {
        var packages = new SortedDictionary<string, string>(StringComparer.Ordinal);
        AddPackages(root.Find(PackageStatus)?.Content, needsStatus: true, packages);
        foreach (var (name, node) in root.Find(StatusDirectory)?.Children ?? [])
        {
            if (!name.EndsWith(".md5sums", StringComparison.Ordinal))
                AddPackages(node.Content, needsStatus: false, packages);
        }

        return packages;
    }

    private static void AddPackages(byte[]? content, bool needsStatus, SortedDictionary<string, string> packages)
    {
        var (name, version, installed) = ("", "", !needsStatus);
        foreach (var line in Lines(content).Append(""))
        {
            if (line.StartsWith("Package: ", StringComparison.Ordinal))
                name = line[9..].Trim();
            else if (line.StartsWith("Version: ", StringComparison.Ordinal))
                version = line[9..].Trim();
            else if (line.StartsWith("Status: ", StringComparison.Ordinal))
                installed = line.EndsWith(" installed", StringComparison.Ordinal);
            else if (line.Length == 0)
            {
                if (name.Length > 0 && installed)
                    packages[name] = version;
                (name, version, installed) = ("", "", !needsStatus);
            }
        }
    }

    private static IEnumerable<string> Lines(byte[]? content) =>
        content is null ? [] : Encoding.UTF8.GetString(content).Split('\n').Select(line => line.TrimEnd());
}
