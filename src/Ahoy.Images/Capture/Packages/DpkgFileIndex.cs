namespace Ahoy.Images.Capture.Packages;

/// <summary>
/// Which package's list names a path: all of info/*.list read once as bytes and kept as 64-bit hashes, so that hundreds of thousands of paths cost no strings.
/// A hit is confirmed in the list itself, so equal hashes never give a wrong owner.
/// </summary>
internal sealed class DpkgFileIndex
{
    private readonly string[] _lists;
    private readonly Dictionary<ulong, int> _first;
    private readonly List<(ulong Hash, int List)> _further = [];
    private readonly bool _merged;

    /// <param name="directory">The info directory, as this process reaches it.</param>
    /// <param name="merged">True when /bin, /sbin and /lib* are symbolic links into /usr: then "/lib/x" and "/usr/lib/x" are one path.</param>
    public DpkgFileIndex(string directory, bool merged)
    {
        _merged = merged;
        _lists = [.. Directory.EnumerateFiles(directory, "*.list").Order(StringComparer.Ordinal)];
        _first = new Dictionary<ulong, int>(1 << 16);
        for (var i = 0; i < _lists.Length; i++)
        {
            ReadOnlySpan<byte> rest = File.ReadAllBytes(_lists[i]);
            while (!rest.IsEmpty)
            {
                var end = rest.IndexOf((byte)'\n');
                var line = end < 0 ? rest : rest[..end];
                rest = end < 0 ? [] : rest[(end + 1)..];
                if (line.IsEmpty)
                    continue;
                var hash = Hash(line);
                if (!_first.TryAdd(hash, i))
                    _further.Add((hash, i));
            }
        }
    }

    /// <summary>Names of the packages that list the path; several for directories and for diverted files.</summary>
    public IReadOnlyList<string> Owners(string path)
    {
        var hash = Hash(System.Text.Encoding.UTF8.GetBytes(path));
        if (!_first.TryGetValue(hash, out var first))
            return [];
        return
        [
            .. _further.Where(one => one.Hash == hash).Select(one => one.List).Prepend(first)
                .Where(list => Lists(_lists[list], path))
                .Select(list => PackageName(_lists[list])),
        ];
    }

    private bool Lists(string list, string path) => File.ReadLines(list).Any(line => Canonical(line) == Canonical(path));

    // "libc6:amd64.list" belongs to libc6.
    private static string PackageName(string list)
    {
        var name = Path.GetFileNameWithoutExtension(list);
        return name.IndexOf(':') is > 0 and var colon ? name[..colon] : name;
    }

    private string Canonical(string path) => _merged && IsMergedPath(System.Text.Encoding.UTF8.GetBytes(path)) ? "/usr" + path : path;

    private static bool IsMergedPath(ReadOnlySpan<byte> path) =>
        path.StartsWith("/lib/"u8) || path.StartsWith("/bin/"u8) || path.StartsWith("/sbin/"u8)
        || path.StartsWith("/lib64/"u8) || path.StartsWith("/lib32/"u8) || path.StartsWith("/libx32/"u8);

    // FNV-1a, 64 bits.
    private ulong Hash(ReadOnlySpan<byte> path)
    {
        var hash = 14695981039346656037UL;
        if (_merged && IsMergedPath(path))
            hash = Add(hash, "/usr"u8);
        return Add(hash, path);
    }

    private static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
        {
            hash = (hash ^ one) * 1099511628211UL;
        }

        return hash;
    }
}
