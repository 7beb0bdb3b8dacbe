using Ahoy.Contracts;

namespace Ahoy.Images.Bases;

/// <summary>The members of an image archive: the names it gives them, and the digests under which they are stored.</summary>
internal sealed class ArchiveMembers(string archive)
{
    private readonly Dictionary<string, Digest> _files = [];
    private readonly Dictionary<string, string> _links = [];

    public IEnumerable<Digest> Digests => _files.Values;

    public void Add(string name, Digest digest)
    {
        if (!_files.TryAdd(Normalize(name), digest))
            throw new AhoyException(ErrorCode.UnsafeArchive, $"{archive} is refused: its member \"{name}\" comes twice.");
    }

    /// <summary>Old "docker save" archives link a layer that stands in several images. Links only lead to other members.</summary>
    public void AddLink(string name, string target, bool symbolic)
    {
        var slash = name.LastIndexOf('/');
        _links[Normalize(name)] = Normalize(symbolic && slash > 0 ? $"{name[..slash]}/{target}" : target);
    }

    /// <summary>The member of that name, through at most one link.</summary>
    public Digest? Find(string name)
    {
        var path = Normalize(name);
        return _files.TryGetValue(_links.GetValueOrDefault(path, path), out var digest) ? digest : null;
    }

    /// <exception cref="AhoyException"><see cref="ErrorCode.MissingBlob"/>.</exception>
    public Digest Get(string name) =>
        Find(name) ?? throw new AhoyException(ErrorCode.MissingBlob, $"{archive} is not complete: it lacks its member \"{name}\".");

    private static string Normalize(string name)
    {
        var names = new List<string>();
        foreach (var part in name.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && names.Count > 0)
                names.RemoveAt(names.Count - 1);
            else if (part is not ("." or ".."))
                names.Add(part);
        }

        return string.Join('/', names);
    }
}
