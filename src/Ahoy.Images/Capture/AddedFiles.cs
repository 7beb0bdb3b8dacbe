using Ahoy.Contracts;
using Ahoy.Contracts.Builds;

namespace Ahoy.Images.Capture;

/// <summary>What `--add SRC[:DEST]` puts into the image.</summary>
public sealed record AddedFiles
{
    private const string DefaultDirectory = "app";

    /// <summary>Sorted by path.</summary>
    public required IReadOnlyList<CapturedFile> Files { get; init; }
    /// <summary>Files of an added directory that look like secrets and stay here, each with the reason. Naming the file itself adds it.</summary>
    public required IReadOnlyList<string> Refused { get; init; }

    /// <summary>
    /// SRC is a file or directory, DEST an absolute path in the image; without DEST it is /app/NAME. A DEST that ends with "/" is a directory to put SRC into.
    /// A directory comes with all that is in it; symbolic links stay links when they lead to something within SRC, else their content comes.
    /// </summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.NotFound"/>, <see cref="ErrorCode.InvalidRequest"/>.</exception>
    public static AddedFiles Collect(IReadOnlyList<string> specifications, string workingDirectory)
    {
        var files = new SortedDictionary<string, CapturedFile>(StringComparer.Ordinal);
        var refused = new List<string>();
        foreach (var specification in specifications)
        {
            var (source, target) = Parse(specification, workingDirectory);
            if (Directory.Exists(source))
                AddDirectory(source, source, target, files, refused);
            else if (File.Exists(source))
                AddFile(source, target, files);
            else
                throw new AhoyException(ErrorCode.NotFound, $"--add {specification}: {source} does not exist.");
        }

        return new AddedFiles { Files = [.. files.Values], Refused = refused };
    }

    private static (string Source, string Target) Parse(string specification, string workingDirectory)
    {
        var colon = specification.LastIndexOf(":/", StringComparison.Ordinal);
        var source = Path.GetFullPath(colon > 0 ? specification[..colon] : specification, workingDirectory).TrimEnd('/');
        var name = Path.GetFileName(source);
        if (colon <= 0)
        {
            if (specification.Contains(':', StringComparison.Ordinal) && !Path.Exists(source))
                throw new AhoyException(ErrorCode.InvalidRequest, $"--add {specification}: the destination must be an absolute path in the image, such as {name.Split(':')[0]}:/app/{name.Split(':')[0]}.");
            return (source, name.Length == 0 ? DefaultDirectory : $"{DefaultDirectory}/{name}");
        }

        var target = specification[(colon + 1)..];
        target = (target.EndsWith('/') ? target + name : target).Trim('/');
        if (target.Length == 0 || target.Split('/').Any(part => part is "" or "." or ".."))
            throw new AhoyException(ErrorCode.InvalidRequest, $"--add {specification}: \"{specification[(colon + 1)..]}\" is no usable path. Give an absolute path with plain names, without \"..\".");
        return (source, target);
    }

    private static void AddDirectory(string top, string directory, string target, SortedDictionary<string, CapturedFile> files, List<string> refused)
    {
        files[target] = new CapturedFile { Path = target, Type = BuildFileType.Directory };
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            var path = $"{target}/{entry.Name}";
            if (entry.LinkTarget is { } link && StaysWithin(top, directory, link))
                files[path] = new CapturedFile { Path = path, Type = BuildFileType.Symlink, Target = link };
            else if (entry.LinkTarget is null && entry is DirectoryInfo)
                AddDirectory(top, entry.FullName, path, files, refused);
            else if (SecretFiles.Reason(entry.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? entry.FullName) is { } reason)
                refused.Add($"{entry.FullName} is not added: {reason}. Name the file itself with --add if the job really needs it.");
            else if (File.Exists(entry.FullName))
                AddFile(entry.FullName, path, files);
            else if (entry.LinkTarget is { } outside)
                throw new AhoyException(ErrorCode.InvalidRequest, $"{entry.FullName} is a symbolic link to {outside}, {(Directory.Exists(entry.FullName) ? "a directory outside of what is added" : "which does not exist")}. Add that too, or remove the link.");
        }
    }

    private static bool StaysWithin(string top, string directory, string link) =>
        !link.StartsWith('/') && Path.GetFullPath(link, directory).StartsWith(top + "/", StringComparison.Ordinal);

    private static void AddFile(string source, string target, SortedDictionary<string, CapturedFile> files)
    {
        // The content's own path: programs find what lies beside them behind their links.
        var real = new FileInfo(source).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? source;
        var mode = File.GetUnixFileMode(real);
        if ((File.GetAttributes(real) & FileAttributes.Device) != 0)
            throw new AhoyException(ErrorCode.InvalidRequest, $"{source} is a device or pipe; only files, directories and symbolic links can be added.");
        files[target] = new CapturedFile
        {
            HostPath = real,
            Path = target,
            Size = new FileInfo(real).Length,
            Executable = (mode & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0,
        };
    }
}
