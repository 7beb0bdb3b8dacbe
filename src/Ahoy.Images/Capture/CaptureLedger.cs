using Ahoy.Contracts.Builds;

namespace Ahoy.Images.Capture;

/// <summary>Where the parts of an analysis write down what they find.</summary>
internal sealed class CaptureLedger(RootDirectory root, BaseSystem baseSystem)
{
    private static readonly HashSet<string> StandardDirectories = ["bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "media", "mnt", "opt", "proc", "run", "sbin", "srv", "sys", "tmp", "usr", "var"];

    private readonly Dictionary<(CaptureKind, string), int> _index = [];
    private readonly SortedDictionary<string, CapturedFile> _files = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, CapturedInput> _inputs = new(StringComparer.Ordinal);
    private readonly List<string> _notes = [];
    private readonly List<string> _unresolved = [];
    private readonly List<CaptureItem> _items = [];
    private readonly SortedSet<string> _programs = new(StringComparer.Ordinal);

    public IReadOnlyList<CaptureItem> Items => _items;

    public IReadOnlyCollection<CapturedFile> Files => _files.Values;

    public IReadOnlyCollection<CapturedInput> Inputs => _inputs.Values;

    public IReadOnlyCollection<string> Programs => _programs;

    public IReadOnlyList<string> Notes => _notes;

    public IReadOnlyList<string> Open => _unresolved;

    /// <summary>Adds a need, or one more reason to a need that is known.</summary>
    public void Add(CaptureItem item)
    {
        var key = (item.Kind, item.Path ?? item.Name);
        if (!_index.TryGetValue(key, out var known))
        {
            _index[key] = _items.Count;
            _items.Add(item);
            return;
        }

        _items[known] = _items[known] with { Why = [.. _items[known].Why.Union(item.Why)] };
    }

    public void Note(string sentence)
    {
        if (!_notes.Contains(sentence))
            _notes.Add(sentence);
    }

    /// <summary>Says what reading can't follow.</summary>
    public void Unresolved(string sentence)
    {
        if (!_unresolved.Contains(sentence))
            _unresolved.Add(sentence);
    }

    /// <summary>A path in the image that the build is to verify.</summary>
    public void Verify(string path) => _programs.Add(path);

    /// <summary>Writes down the file's content for the place that was chosen; what was added is in the image already.</summary>
    public void Carry(string path, Placement placement)
    {
        var host = root.HostPath(root.File(path)!);
        if (placement.Supply == CaptureSupply.Input)
            _inputs[placement.Path] = new CapturedInput { HostPath = host, Path = placement.Path, Size = new FileInfo(host).Length, Executable = root.IsExecutable(path) };
        else
            AddFile(host, placement.Path, root.IsExecutable(path));
    }

    /// <summary>Puts a file at the same absolute path into the image, with all symbolic links that lead to it.</summary>
    public void CarryInPlace(string path, bool content = true)
    {
        var trace = root.Trace(path)!;
        foreach (var link in trace.Links)
        {
            // What dpkg's alternatives point to is set up there by the packages, and links at the top (/lib) are the base's own affair.
            if (link.Path.LastIndexOf('/') > 0 && !link.Path.StartsWith("/etc/alternatives/", StringComparison.Ordinal) && !baseSystem.HasFile(link.Path))
                Link(link.Path, link.Target);
        }

        if (content)
            AddFile(root.HostPath(trace.Path), trace.Path, root.IsExecutable(path));
    }

    public void Link(string path, string target) =>
        AddEntry(new CapturedFile { Path = ImagePath(path), Type = BuildFileType.Symlink, Target = target });

    private void AddFile(string host, string path, bool executable) =>
        AddEntry(new CapturedFile { HostPath = host, Path = ImagePath(path), Size = new FileInfo(host).Length, Executable = executable });

    private void AddEntry(CapturedFile file)
    {
        _files[file.Path] = file;
        // The job's user must be able to pass through directories that are closed on the host or in the base (/root is).
        if (StandardDirectories.Contains(file.Path.Split('/')[0]))
            return;
        for (var slash = file.Path.LastIndexOf('/'); slash > 0; slash = file.Path.LastIndexOf('/', slash - 1))
        {
            var directory = file.Path[..slash];
            _files.TryAdd(directory, new CapturedFile { Path = directory, Type = BuildFileType.Directory });
        }
    }

    private string ImagePath(string path) => baseSystem.RealPath(path).TrimStart('/');
}
