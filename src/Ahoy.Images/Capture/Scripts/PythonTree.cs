using Ahoy.Images.Capture.Elf;

namespace Ahoy.Images.Capture.Scripts;

/// <summary>Takes whole directories of Python modules along: a standard library, an installed package.</summary>
internal sealed class PythonTree(RootDirectory root, CaptureLedger ledger, ElfCapture elf)
{
    // Tests, editors and build files: half of a standard library, and nothing that programs import.
    private static readonly HashSet<string> NeverImported = ["test", "tests", "idlelib", "turtledemo", "ensurepip", "lib2to3", "site-packages", "dist-packages"];

    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    /// <returns>Number of files and bytes; 0 when it has been taken before.</returns>
    public (int Count, long Bytes) CarryStandardLibrary(string directory)
    {
        if (!_done.Add(directory) || root.Directory(directory) is not { } real)
            return (0, 0);
        var count = 0;
        var bytes = 0L;
        foreach (var file in Files(real, skip: name => NeverImported.Contains(name) || name.StartsWith("config-", StringComparison.Ordinal)))
        {
            if (root.File(file) is not { } content)
                continue;
            ledger.CarryInPlace(file);
            count++;
            bytes += new FileInfo(root.HostPath(content)).Length;
        }

        return (count, bytes);
    }

    /// <summary>A package or module of a site directory, with the libraries that its wheel put beside it (NAME.libs) and its metadata.</summary>
    public void CarryPackage(string site, string top, string target)
    {
        if (!_done.Add($"{site}/{top}") || root.Directory(site) is not { } real)
            return;
        var normal = Normal(top);
        foreach (var entry in Directory.EnumerateFileSystemEntries(root.HostPath(real)).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(entry);
            var metadata = name.EndsWith(".dist-info", StringComparison.Ordinal) || name.EndsWith(".egg-info", StringComparison.Ordinal);
            if (name != top && name != $"{top}.libs" && name != $"{top}.py" && !(name.StartsWith($"{top}.", StringComparison.Ordinal) && name.EndsWith(".so", StringComparison.Ordinal))
                && !(metadata && Normal(name.Split('-')[0]) == normal))
                continue;
            var path = $"{real}/{name}";
            IEnumerable<string> files = root.Directory(path) is { } directory ? Files(directory, skip: _ => false) : [path];
            foreach (var file in files)
            {
                Carry(file, real, target);
            }
        }
    }

    private void Carry(string file, string from, string target)
    {
        if (root.File(file) is not { } content)
            return;
        var host = root.HostPath(content);
        if (SecretFiles.Reason(host) is { } reason)
        {
            ledger.Note($"{file} is not taken along: {reason}.");
            return;
        }

        var placement = new Placement(CaptureSupply.Copied, $"{target}/{Path.GetRelativePath(from, file)}");
        ledger.Carry(file, placement);
        if (file.Contains(".so", StringComparison.Ordinal) && ProgramFiles.IsLoadable(host))
            elf.Capture(file, placement);
    }

    private IEnumerable<string> Files(string directory, Func<string, bool> skip)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(root.HostPath(directory)).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(entry);
            var path = $"{directory}/{name}";
            if (root.Directory(path) is null)
            {
                if (!name.EndsWith(".pyc", StringComparison.Ordinal) && !name.EndsWith(".a", StringComparison.Ordinal))
                    yield return path;
            }
            else if (name != "__pycache__" && !skip(name) && new FileInfo(entry).LinkTarget is null)
            {
                foreach (var file in Files(path, skip))
                {
                    yield return file;
                }
            }
        }
    }

    private static string Normal(string name) => name.ToLowerInvariant().Replace('-', '_').Replace('.', '_');
}
