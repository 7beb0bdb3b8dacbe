using Ahoy.Contracts.Images;

namespace Ahoy.Images.Capture;

/// <summary>Answers what the base image has, next to the system on which the capture runs.</summary>
internal sealed class BaseSystem
{
    private readonly ImageContents? _contents;
    private readonly HashSet<string> _files;

    public BaseSystem(ImageContents? contents, OsRelease host)
    {
        _contents = contents;
        _files = contents is null ? [] : new HashSet<string>(contents.Files, StringComparer.Ordinal);
        SameRelease = contents is null || (host.Id is not null && host.Id == contents.OsId && host.Version == contents.OsVersion);
    }

    /// <summary>True when package names mean the same packages here and there; assumed when nothing is known of the base.</summary>
    public bool SameRelease { get; }

    public bool IsKnown => _contents is not null;

    public string Name => _contents?.OsName ?? "the base";

    /// <summary>Version of its C library ("2.36"); null when unknown.</summary>
    public string? LibcVersion => _contents?.Packages.GetValueOrDefault("libc6")?.Split('-')[0];

    public bool HasPackage(string name) => _contents?.Packages.ContainsKey(name) == true;

    /// <summary>/lib/x and /usr/lib/x count as one path, as they are on one side of every merged /usr.</summary>
    public bool HasFile(string path) => Variants(path).Any(_files.Contains);

    /// <summary>The path with a symbolic link of the base's at its top ("/lib" → "usr/lib") followed, so that writing it does not replace the link.</summary>
    public string RealPath(string path)
    {
        var end = path.IndexOf('/', 1);
        if (end < 0 || _contents?.DirectoryLinks.TryGetValue(path[..end], out var target) != true)
            return path;
        return $"/{target!.Trim('/')}{path[end..]}";
    }

    private static IEnumerable<string> Variants(string path)
    {
        yield return path;
        if (path.StartsWith("/usr/", StringComparison.Ordinal))
            yield return path[4..];
        else
            yield return $"/usr{path}";
    }
}
