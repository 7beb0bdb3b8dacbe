using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Transfers;

/// <summary>Finds the files behind `--input SRC[:DEST]`, and where each goes in the job's scratch directory.</summary>
internal sealed class InputFiles(string workingDirectory)
{
    private readonly SortedDictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly List<string> _empty = [];

    /// <summary>Absolute path on this machine by path in the scratch directory.</summary>
    public IReadOnlyDictionary<string, string> Files => _files;

    /// <summary>Directories that were named, or lie in such, and hold nothing that could travel.</summary>
    public IReadOnlyList<string> EmptyDirectories => _empty;

    /// <summary>Adds what the user wrote after --input.</summary>
    /// <exception cref="AhoyException">It does not exist, can't travel, or two files would get the same place.</exception>
    public void AddArgument(string argument)
    {
        var (source, destination) = Split(argument);
        // A shell's completion ends directories with a slash.
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(source, workingDirectory));
        if (Directory.Exists(path))
            AddDirectory(path, destination is null ? DefaultDestination(path) : Destination(destination, path), []);
        else if (File.Exists(path))
            Add(destination is null ? DefaultDestination(path) : Destination(destination, path), path);
        else
            throw new AhoyException(ErrorCode.NotFound, $"The input {source} does not exist (looked for {path}).");
    }

    /// <summary>Adds one file, unless its place is taken already: what the user named goes before what was found.</summary>
    public void AddFound(string destination, string path) => _files.TryAdd(RelativePaths.Check(destination, "input"), path);

    /// <summary>Relative to the working directory for what lies in it, else the bare name.</summary>
    public string DefaultDestination(string path)
    {
        var relative = Path.GetRelativePath(workingDirectory, path);
        return relative == ".." || relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? Path.GetFileName(path) : relative;
    }

    // A colon may belong to the file's name: what exists as written is not split.
    private (string Source, string? Destination) Split(string argument)
    {
        var colon = argument.LastIndexOf(':');
        if (colon < 0 || Path.Exists(Path.GetFullPath(argument, workingDirectory)))
            return (argument, null);
        if (colon == 0 || colon == argument.Length - 1)
            throw new UsageException($"--input {argument}: write SRC or SRC:DEST, such as data.csv or /data/2026.csv:data.csv.");
        return (argument[..colon], argument[(colon + 1)..]);
    }

    private static string Destination(string destination, string path) =>
        destination.EndsWith('/') ? destination + Path.GetFileName(path) : destination;

    private void AddDirectory(string path, string destination, List<string> above)
    {
        var real = (Directory.ResolveLinkTarget(path, returnFinalTarget: true) ?? new DirectoryInfo(path)).FullName;
        if (above.Contains(real))
            throw new AhoyException(ErrorCode.InvalidRequest, $"The input {path} is a symbolic link to a directory that holds it. Name the files that the job needs one by one.");
        above.Add(real);
        var entries = new DirectoryInfo(path).GetFileSystemInfos();
        if (entries.Length == 0)
            _empty.Add(path);
        foreach (var entry in entries)
        {
            var place = destination == "." ? entry.Name : $"{destination}/{entry.Name}";
            if (Directory.Exists(entry.FullName))
                AddDirectory(entry.FullName, place, above);
            else
                Add(place, entry.FullName);
        }

        above.RemoveAt(above.Count - 1);
    }

    private void Add(string destination, string path)
    {
        RelativePaths.Check(destination, "input");
        // Also refuses pipes and devices, of which reading would hang or never end, and symbolic links that lead nowhere.
        FileStamp.Of(path);
        if (_files.TryGetValue(destination, out var other) && other != path)
            throw new AhoyException(ErrorCode.InvalidRequest, $"Two inputs would become {destination}: {other} and {path}. Give one of them another place with SRC:DEST.");
        _files[destination] = path;
    }
}
