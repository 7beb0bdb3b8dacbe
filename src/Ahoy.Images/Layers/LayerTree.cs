using Ahoy.Contracts;

namespace Ahoy.Images.Layers;

/// <summary>
/// The paths of one layer so far, and the rules that each further entry must keep (OCI image specification, layer.md):
/// nothing outside the root, nothing through links, no path twice, no devices.
/// </summary>
/// <param name="layer">Named in errors.</param>
/// <param name="maxEntries">How many entries this layer may add to those of its image.</param>
internal sealed class LayerTree(string layer, int maxEntries)
{
    /// <summary>Of an image, all its layers together. The largest images in use have some hundred thousand files; each costs about 200 bytes of memory here.</summary>
    internal const int MaxEntries = 1_000_000;
    /// <summary>Real trees stay below 40; deep ones cost a walk per entry.</summary>
    private const int MaxDepth = 128;
    private const string Whiteout = ".wh.";
    private const string OpaqueWhiteout = ".wh..wh..opq";
    private const string AufsMetadata = ".wh..wh.";

    private int _entries;

    /// <summary>How many there are so far.</summary>
    public int Entries => _entries;

    public LayerNode Root { get; } = new() { Type = LayerEntryType.Directory };

    /// <summary>Checks an entry of the archive and yields what it means: parents that the archive left out, then the entry itself; nothing when it has no effect.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.UnsafeArchive"/>.</exception>
    public IEnumerable<LayerEntry> Add(TarEntry entry)
    {
        var names = Names(entry.Name, "entry");
        var (parent, made) = MakeParents(names, entry);
        if (names.Length == 0)
            return AddRoot(entry);
        var name = names[^1];
        LayerEntry? added;
        if (name == OpaqueWhiteout)
            added = AddOpaque(entry, parent, names[..^1]);
        else if (name.StartsWith(AufsMetadata, StringComparison.Ordinal))
            added = null; // What aufs kept for itself; no runtime shows it (moby, pkg/archive).
        else if (name.StartsWith(Whiteout, StringComparison.Ordinal))
            added = AddWhiteout(entry, parent, names);
        else
            added = AddPath(entry, parent, names);
        return added is null ? made : made.Append(added);
    }

    private IEnumerable<LayerEntry> AddRoot(TarEntry entry) =>
        entry.Type == '5'
            ? [Describe(entry, LayerEntryType.Directory, []) with { Exists = true }]
            : throw Unsafe($"the entry \"{entry.Name}\" would replace the root itself");

    private LayerEntry AddPath(TarEntry entry, LayerNode parent, string[] names)
    {
        var type = TypeOf(entry);
        var described = Describe(entry, type, names);
        var existing = parent.Child(names[^1]);
        if (existing is { Type: LayerEntryType.Directory } && type == LayerEntryType.Directory)
            return described with { Exists = true };
        var replaces = existing is { Type: LayerEntryType.Whiteout };
        if (existing is not null && !replaces)
            throw Unsafe($"\"{entry.Name}\" comes twice");
        if (type == LayerEntryType.HardLink)
        {
            var (target, path) = LinkTarget(entry);
            Put(parent, names[^1], target);
            return described with { Target = path, ReplacesWhiteout = replaces };
        }

        if (type == LayerEntryType.Symlink && (entry.LinkName.Length is 0 or > 4095))
            throw Unsafe($"the symbolic link \"{entry.Name}\" has no usable target");
        Put(parent, names[^1], new LayerNode { Type = type, Target = described.Target, Opaque = replaces && type == LayerEntryType.Directory });
        return described with { ReplacesWhiteout = replaces };
    }

    private LayerEntry? AddWhiteout(TarEntry entry, LayerNode parent, string[] names)
    {
        CheckMarker(entry);
        var hidden = names[^1][Whiteout.Length..];
        if (hidden is "" or "." or "..")
            throw Unsafe($"the whiteout \"{entry.Name}\" names nothing");
        string[] path = [.. names[..^1], hidden];
        switch (parent.Child(hidden))
        {
            // A whiteout is for the layers below only: what this layer has of that name stays.
            case { Type: LayerEntryType.Directory } directory:
                directory.Opaque = true;
                return Describe(entry, LayerEntryType.Opaque, path);
            case not null:
                return null;
            default:
                Put(parent, hidden, new LayerNode { Type = LayerEntryType.Whiteout });
                return Describe(entry, LayerEntryType.Whiteout, path);
        }
    }

    private LayerEntry AddOpaque(TarEntry entry, LayerNode parent, string[] path)
    {
        CheckMarker(entry);
        parent.Opaque = true;
        return Describe(entry, LayerEntryType.Opaque, path);
    }

    private void CheckMarker(TarEntry entry)
    {
        if (TypeOf(entry) != LayerEntryType.File || entry.Size != 0)
            throw Unsafe($"the whiteout \"{entry.Name}\" is not an empty file");
    }

    private (LayerNode Parent, List<LayerEntry> Made) MakeParents(string[] names, TarEntry entry)
    {
        var made = new List<LayerEntry>();
        var node = Root;
        for (var i = 0; i < names.Length - 1; i++)
        {
            var child = node.Child(names[i]);
            if (child is null or { Type: LayerEntryType.Whiteout })
            {
                var replaces = child is not null;
                child = new LayerNode { Type = LayerEntryType.Directory, Opaque = replaces };
                Put(node, names[i], child);
                made.Add(new LayerEntry
                {
                    Type = LayerEntryType.Directory,
                    Path = string.Join('/', names[..(i + 1)]),
                    Mode = 0x1ed,
                    Modified = entry.Modified,
                    ReplacesWhiteout = replaces,
                });
            }
            else if (child.Type != LayerEntryType.Directory)
            {
                throw Unsafe($"\"{entry.Name}\" leads through \"{string.Join('/', names[..(i + 1)])}\", which is not a directory but a {Word(child.Type)}");
            }

            node = child;
        }

        return (node, made);
    }

    private (LayerNode Node, string Path) LinkTarget(TarEntry entry)
    {
        var names = Names(entry.LinkName, $"hard link \"{entry.Name}\" to");
        var node = Root;
        foreach (var name in names)
        {
            node = node.Type == LayerEntryType.Directory ? node.Child(name) : null;
            if (node is null)
                break;
        }

        return node is { Type: LayerEntryType.File or LayerEntryType.Symlink }
            ? (node, string.Join('/', names))
            : throw Unsafe($"the hard link \"{entry.Name}\" leads to \"{entry.LinkName}\", which is no file that this layer has before it");
    }

    private string[] Names(string path, string what)
    {
        if (path.Length is 0 or > 4095 || path[0] == '/')
            throw Unsafe($"the {what} \"{path}\" is empty, too long or absolute");
        var names = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(name => name != ".").ToArray();
        if (names.Length > MaxDepth)
            throw Unsafe($"the {what} \"{path}\" is nested more than {MaxDepth} directories deep");
        foreach (var name in names)
        {
            if (name == "..")
                throw Unsafe($"the {what} \"{path}\" leaves the root with \"..\"");
            // No file system of Linux takes more than 255 bytes; a character has at most four.
            if (name.Length > 255)
                throw Unsafe($"the {what} \"{path}\" holds a name of more than 255 characters");
        }

        return names;
    }

    private LayerEntryType TypeOf(TarEntry entry) => entry.Type switch
    {
        '0' or '7' => entry.Name.EndsWith('/') ? LayerEntryType.Directory : LayerEntryType.File,
        '1' => LayerEntryType.HardLink,
        '2' => LayerEntryType.Symlink,
        '5' => LayerEntryType.Directory,
        '3' or '4' => throw Unsafe($"\"{entry.Name}\" is a device. Containers get theirs from the runtime; make the image without"),
        '6' => throw Unsafe($"\"{entry.Name}\" is a named pipe"),
        _ => throw Unsafe($"\"{entry.Name}\" is of the unknown type \"{entry.Type}\""),
    };

    private static LayerEntry Describe(TarEntry entry, LayerEntryType type, string[] names) => new()
    {
        Type = type,
        Path = string.Join('/', names),
        Mode = entry.Mode,
        User = entry.User,
        Group = entry.Group,
        Size = entry.Size,
        Modified = entry.Modified,
        Target = entry.LinkName,
    };

    private void Put(LayerNode parent, string name, LayerNode node)
    {
        if (++_entries > maxEntries)
            throw Unsafe("with it the image has more entries than an image may have");
        parent.Put(name, node);
    }

    private static string Word(LayerEntryType type) => type == LayerEntryType.Symlink ? "symbolic link" : "file";

    private AhoyException Unsafe(string reason) => new(ErrorCode.UnsafeArchive, $"Layer {layer} is refused: {reason}.");
}
