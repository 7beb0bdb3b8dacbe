using System.Text;
using Ahoy.Contracts;

namespace Ahoy.Images.Layers;

/// <summary>Turns the upper directory of an overlay mount into an OCI layer.</summary>
public static class OverlayDiff
{
    private static readonly string[] Prefixes = ["user.overlay.", "trusted.overlay."];

    /// <summary>
    /// Writes what <paramref name="upper"/> holds as an uncompressed tar: sorted, times cut to <paramref name="time"/>, overlayfs's
    /// whiteouts as ".wh." files, without sockets and pipes and without the paths in <paramref name="excluded"/> (relative, "var/log").
    /// Owners are written as this process sees them: call it in the user namespace in which the container's root is root.
    /// Nothing may write to the directory meanwhile.
    /// </summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.UnsafeArchive"/> for devices; <see cref="ErrorCode.NotSupported"/> for an overlay mounted with redirect_dir or metacopy.</exception>
    public static async Task WriteAsync(string upper, Stream tar, DateTimeOffset time, IReadOnlySet<string> excluded, CancellationToken cancellationToken)
    {
        var writer = new TarWriter(tar);
        var latest = time.ToUnixTimeSeconds();
        var links = new Dictionary<ulong, string>();
        var directories = new Stack<string>();
        await writer.WriteAsync(Describe(FileStatus.Of(upper), "./", '5', latest), null, cancellationToken);
        directories.Push("");
        while (directories.TryPop(out var directory))
        {
            foreach (var path in Children(upper, directory, excluded).OrderBy(path => path, StringComparer.Ordinal))
            {
                if (await WriteEntryAsync(writer, upper, path, latest, links, cancellationToken))
                    directories.Push(path);
            }
        }

        await writer.FinishAsync(cancellationToken);
    }

    /// <returns>True for a directory, whose children are to follow.</returns>
    private static async Task<bool> WriteEntryAsync(TarWriter writer, string upper, string path, long latest, Dictionary<ulong, string> links, CancellationToken cancellationToken)
    {
        var full = Path.Combine(upper, path);
        var status = FileStatus.Of(full);
        if (status.IsSocketOrPipe)
            return false;
        if (status.IsWhiteout)
        {
            await writer.WriteAsync(Marker(path, "", latest), null, cancellationToken);
            return false;
        }

        if (status.IsSymlink)
        {
            var link = Describe(status, path, '2', latest) with { LinkName = new FileInfo(full).LinkTarget! };
            await writer.WriteAsync(link, null, cancellationToken);
            return false;
        }

        RefuseUnknownAttributes(full);
        if (status.IsDirectory)
        {
            await writer.WriteAsync(Describe(status, path + "/", '5', latest), null, cancellationToken);
            if (IsOpaque(full))
                await writer.WriteAsync(Marker(path + "/.opq", ".wh.", latest), null, cancellationToken);
            return true;
        }

        if (!status.IsFile)
            throw new AhoyException(ErrorCode.UnsafeArchive, $"{full} is a device: an image can't hold devices. Remove it in the step that made it.");
        if (status.Links > 1 && !links.TryAdd(status.Inode, path))
        {
            await writer.WriteAsync(Describe(status, path, '1', latest) with { LinkName = links[status.Inode] }, null, cancellationToken);
            return false;
        }

        await using var content = File.OpenRead(full);
        await writer.WriteAsync(Describe(status, path, '0', latest) with { Size = content.Length }, content, cancellationToken);
        return false;
    }

    private static IEnumerable<string> Children(string upper, string directory, IReadOnlySet<string> excluded) =>
        Directory.EnumerateFileSystemEntries(Path.Combine(upper, directory), "*", AllEntries)
            .Select(full => Path.GetRelativePath(upper, full))
            .Where(path => !excluded.Contains(path));

    private static EnumerationOptions AllEntries => new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private static TarEntry Describe(FileStatus status, string name, char type, long latest) => new()
    {
        Name = name,
        Type = type,
        Mode = status.Permissions,
        User = status.User,
        Group = status.Group,
        Modified = Math.Min(status.ModifiedSeconds, latest),
    };

    private static TarEntry Marker(string path, string prefix, long latest)
    {
        var slash = path.LastIndexOf('/') + 1;
        return new TarEntry { Name = $"{path[..slash]}.wh.{prefix}{path[slash..]}", Type = '0', Mode = 0x1a4, Modified = latest };
    }

    private static bool IsOpaque(string directory) =>
        Prefixes.Any(prefix => Attribute(directory, prefix + "opaque") == "y");

    /// <summary>With redirect_dir or metacopy a file's content or name lies in a lower layer: the diff would be wrong.</summary>
    private static void RefuseUnknownAttributes(string path)
    {
        foreach (var name in Prefixes.SelectMany(prefix => (string[])[prefix + "redirect", prefix + "metacopy"]))
        {
            if (Attribute(path, name) is not null)
                throw new AhoyException(ErrorCode.NotSupported, $"{path} has the attribute {name}: the overlay must be mounted with redirect_dir=off,metacopy=off.");
        }
    }

    private static string? Attribute(string path, string name)
    {
        var value = new byte[256];
        var length = Posix.GetAttribute(path, name, value, (nuint)value.Length);
        return length < 0 ? null : Encoding.UTF8.GetString(value, 0, (int)length);
    }
}
