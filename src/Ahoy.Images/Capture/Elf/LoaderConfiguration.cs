using System.IO.Enumeration;

namespace Ahoy.Images.Capture.Elf;

/// <summary>The directories that /etc/ld.so.conf names (ldconfig(8)): what the cache would hold in a root where ldconfig has not run yet.</summary>
internal static class LoaderConfiguration
{
    private const int DeepestInclude = 8;

    public static IReadOnlyList<string> Directories(RootDirectory root)
    {
        var directories = new List<string>();
        Read(root, "/etc/ld.so.conf", directories, 0);
        return directories;
    }

    private static void Read(RootDirectory root, string path, List<string> directories, int depth)
    {
        if (depth > DeepestInclude || root.File(path) is not { } file)
            return;
        foreach (var raw in File.ReadLines(root.HostPath(file)))
        {
            var line = (raw.IndexOf('#') is >= 0 and var comment ? raw[..comment] : raw).Trim();
            if (line.StartsWith("include", StringComparison.Ordinal) && line.Length > 7 && char.IsWhiteSpace(line[7]))
            {
                foreach (var included in Expand(root, line[8..].Trim()))
                {
                    Read(root, included, directories, depth + 1);
                }
            }
            else if (line.StartsWith('/'))
            {
                directories.Add(line.TrimEnd('/'));
            }
        }
    }

    private static IEnumerable<string> Expand(RootDirectory root, string pattern)
    {
        if (!pattern.StartsWith('/'))
            pattern = $"/etc/{pattern}";
        if (root.Directory(Path.GetDirectoryName(pattern)!) is not { } directory)
            return [];
        return new DirectoryInfo(root.HostPath(directory)).EnumerateFileSystemInfos()
            .Where(entry => FileSystemName.MatchesSimpleExpression(Path.GetFileName(pattern), entry.Name, ignoreCase: false))
            .Select(entry => $"{directory}/{entry.Name}")
            .Order(StringComparer.Ordinal);
    }
}
