namespace Ahoy.Images.Capture;

/// <summary>
/// A directory seen as the root of a file system, as chroot(2) would show it: no symbolic link, absolute or with "..", leads outside.
/// What it has read once it remembers: make a new one after the files have changed. Not for use by several threads at once.
/// </summary>
public sealed class RootDirectory
{
    /// <summary>As many links as Linux follows before it answers ELOOP (path_resolution(7)).</summary>
    private const int LinkLimit = 40;

    private readonly string _root;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public RootDirectory(string root)
    {
        var full = Path.GetFullPath(root);
        _root = full == "/" ? "" : full.TrimEnd('/');
    }

    public bool IsHost => _root.Length == 0;

    /// <summary>The path by which this process reaches a path of the root. Only right for paths without symbolic links: see <see cref="Trace"/>.</summary>
    public string HostPath(string path) => path == "/" && !IsHost ? _root : _root + path;

    /// <summary>Follows a path inside the root; null when it does not exist, or its links turn in a circle.</summary>
    public PathTrace? Trace(string path)
    {
        var pending = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var current = "";
        var links = new List<SymbolicLink>();
        while (pending.TryPop(out var name))
        {
            if (name == ".")
                continue;
            if (name == "..")
            {
                current = current.LastIndexOf('/') is > 0 and var slash ? current[..slash] : "";
                continue;
            }

            var next = $"{current}/{name}";
            var entry = Look(next);
            if (entry.Kind == EntryKind.Missing)
                return null;
            if (entry.Kind != EntryKind.Link)
            {
                current = next;
                continue;
            }

            if (links.Count == LinkLimit)
                return null;
            links.Add(new SymbolicLink(next, entry.Target!));
            if (entry.Target!.StartsWith('/'))
                current = "";
            foreach (var part in entry.Target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                pending.Push(part);
            }
        }

        return new PathTrace(current.Length == 0 ? "/" : current, links);
    }

    /// <summary>The file's path without symbolic links; null when it is missing or no regular file.</summary>
    public string? File(string path) => Trace(path) is { } trace && Look(trace.Path).Kind == EntryKind.File ? trace.Path : null;

    /// <summary>The directory's path without symbolic links; null when it is missing or no directory.</summary>
    public string? Directory(string path) =>
        Trace(path) is { } trace && (trace.Path == "/" || Look(trace.Path).Kind == EntryKind.Directory) ? trace.Path : null;

    /// <summary>The directory part freed of symbolic links, the last name kept: where a file or a link really lies. Null when the directory is missing.</summary>
    public string? Place(string path)
    {
        var slash = path.LastIndexOf('/');
        var directory = Directory(slash <= 0 ? "/" : path[..slash]);
        return directory is null ? null : $"{directory.TrimEnd('/')}/{path[(slash + 1)..]}";
    }

    public bool IsExecutable(string path) =>
        File(path) is { } file
        && (System.IO.File.GetUnixFileMode(HostPath(file)) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;

    private Entry Look(string path)
    {
        if (_entries.TryGetValue(path, out var known))
            return known;
        var host = HostPath(path);
        var entry = new FileInfo(host).LinkTarget is { } target ? new Entry(EntryKind.Link, target)
            : System.IO.Directory.Exists(host) ? new Entry(EntryKind.Directory, null)
            : System.IO.File.Exists(host) ? new Entry(EntryKind.File, null)
            : new Entry(EntryKind.Missing, null);
        _entries[path] = entry;
        return entry;
    }

    private enum EntryKind
    {
        Missing,
        File,
        Directory,
        Link,
    }

    private readonly record struct Entry(EntryKind Kind, string? Target);
}
