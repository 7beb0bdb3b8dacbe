namespace Ahoy.Images.Capture.Scripts;

/// <summary>Finds modules as importlib's path finder does: in each directory a package comes before an extension, that before a source; namespace packages last.</summary>
internal sealed class PythonModuleFinder(RootDirectory root, PythonInterpreter python)
{
    private readonly string[] _extensions =
    [
        $".cpython-{python.Version.Replace(".", "", StringComparison.Ordinal)}-x86_64-linux-gnu.so",
        $".cpython-{python.Version.Replace(".", "", StringComparison.Ordinal)}-aarch64-linux-gnu.so",
        ".abi3.so",
        ".so",
    ];

    /// <summary>The module, after its parent packages; empty when it, or a parent, is missing.</summary>
    /// <param name="name">Dotted, absolute.</param>
    /// <param name="scriptDirectory">The first entry of sys.path.</param>
    public IReadOnlyList<PythonModule> Find(string name, string scriptDirectory)
    {
        var found = new List<PythonModule>();
        IReadOnlyList<string> directories = [scriptDirectory, .. python.SearchPath];
        var prefix = "";
        foreach (var part in name.Split('.'))
        {
            var module = FindIn(directories, part, prefix + part);
            if (module is null)
            {
                // "os.path", "six.moves": modules that put others under their name into sys.modules while they run.
                return found is [.., { Kind: PythonModuleKind.Source or PythonModuleKind.Extension }] ? found : [];
            }

            found.Add(found.Count == 0 ? module : module with { Directory = found[0].Directory });
            directories = Inside(module);
            prefix += $"{part}.";
        }

        return found;
    }

    public PythonModule? Submodule(PythonModule package, string name) =>
        Inside(package) is { Count: > 0 } inside && FindIn(inside, name, $"{package.Name}.{name}") is { } found ? found with { Directory = package.Directory } : null;

    private static IReadOnlyList<string> Inside(PythonModule module) => module.Kind switch
    {
        PythonModuleKind.Package => [Path.GetDirectoryName(module.Path)!],
        PythonModuleKind.Namespace => [module.Path],
        _ => [],
    };

    private PythonModule? FindIn(IReadOnlyList<string> directories, string part, string name)
    {
        PythonModule? space = null;
        foreach (var directory in directories)
        {
            var path = $"{directory.TrimEnd('/')}/{part}";
            foreach (var suffix in _extensions.Prepend(".py"))
            {
                if (root.File($"{path}/__init__{suffix}") is not null)
                    return new PythonModule(name, $"{path}/__init__{suffix}", directory, PythonModuleKind.Package);
            }

            foreach (var suffix in _extensions)
            {
                if (root.File(path + suffix) is not null)
                    return new PythonModule(name, path + suffix, directory, PythonModuleKind.Extension);
            }

            if (root.File($"{path}.py") is not null)
                return new PythonModule(name, $"{path}.py", directory, PythonModuleKind.Source);
            if (space is null && root.Directory(path) is not null)
                space = new PythonModule(name, path, directory, PythonModuleKind.Namespace);
        }

        return space;
    }
}
