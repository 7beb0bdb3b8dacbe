namespace Ahoy.Images.Capture.Packages;

/// <summary>The packages of a Debian root, read straight from /var/lib/dpkg without running dpkg. Each part is loaded when first asked for.</summary>
public sealed class DpkgDatabase
{
    private readonly Lazy<IReadOnlyDictionary<string, DpkgPackage>> _packages;
    private readonly Lazy<ILookup<string, string>> _providers;
    private readonly Lazy<DpkgFileIndex?> _files;
    private readonly Lazy<IReadOnlyList<Diversion>> _diversions;

    public DpkgDatabase(RootDirectory root)
    {
        _packages = new(() => ReadStatus(root));
        _providers = new(() => _packages!.Value.Values.SelectMany(package => package.Provides, (package, name) => (package, name))
            .ToLookup(pair => pair.name, pair => pair.package.Name, StringComparer.Ordinal));
        _files = new(() => root.Directory("/var/lib/dpkg/info") is { } info
            ? new DpkgFileIndex(root.HostPath(info), merged: root.Directory("/lib") == "/usr/lib")
            : null);
        _diversions = new(() => ReadDiversions(root));
    }

    /// <summary>All installed packages by name; empty where there is no dpkg.</summary>
    public IReadOnlyDictionary<string, DpkgPackage> Packages => _packages.Value;

    /// <summary>
    /// Name of the package that a file or symbolic link came with; null when none did. "/lib/x" and "/usr/lib/x" are the same on a merged /usr.
    /// A path that dpkg-divert(1) moved belongs to the package that brought it under its old name.
    /// </summary>
    public string? Owner(string path)
    {
        if (_files.Value is not { } files)
            return null;
        foreach (var diversion in _diversions.Value)
        {
            if (diversion.To == path)
                return files.Owners(diversion.From).FirstOrDefault(owner => owner != diversion.Package);
            if (diversion.From == path)
                return files.Owners(path).FirstOrDefault(owner => owner == diversion.Package);
        }

        return files.Owners(path) is [var owner, ..] ? owner : null;
    }

    /// <summary>The package and all that it needs, directly or not, as far as it is installed. Of alternatives the first installed one counts.</summary>
    public IReadOnlySet<string> Closure(string package)
    {
        var closure = new HashSet<string>(StringComparer.Ordinal);
        var pending = new Stack<string>([package]);
        while (pending.TryPop(out var name))
        {
            if (!Packages.TryGetValue(name, out var found) || !closure.Add(name))
                continue;
            foreach (var alternatives in found.Dependencies)
            {
                if (alternatives.Select(Installed).FirstOrDefault(one => one is not null) is { } needed)
                    pending.Push(needed);
            }
        }

        return closure;
    }

    private string? Installed(string name) => Packages.ContainsKey(name) ? name : _providers.Value[name].FirstOrDefault();

    private static IReadOnlyDictionary<string, DpkgPackage> ReadStatus(RootDirectory root)
    {
        if (root.File("/var/lib/dpkg/status") is not { } status)
            return new Dictionary<string, DpkgPackage>();
        using var text = File.OpenText(root.HostPath(status));
        return DpkgStatus.Read(text);
    }

    // Three lines each: the path, where it went, and the package that diverted it (":" for the administrator).
    private static IReadOnlyList<Diversion> ReadDiversions(RootDirectory root)
    {
        if (root.File("/var/lib/dpkg/diversions") is not { } file)
            return [];
        return [.. File.ReadLines(root.HostPath(file)).Chunk(3).Where(lines => lines.Length == 3).Select(lines => new Diversion(lines[0], lines[1], lines[2]))];
    }

    private sealed record Diversion(string From, string To, string Package);
}
