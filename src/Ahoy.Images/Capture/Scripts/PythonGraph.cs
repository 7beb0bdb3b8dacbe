namespace Ahoy.Images.Capture.Scripts;

/// <summary>The modules that a Python program imports, and those that they import in turn.</summary>
internal sealed class PythonGraph
{
    private readonly RootDirectory _root;
    private readonly PythonInterpreter _python;
    private readonly PythonModuleFinder _finder;
    private readonly Func<PythonModule, bool> _follow;
    private readonly string _scriptDirectory;
    private readonly Queue<(string Path, string Package, bool Own)> _pending = new();
    private readonly Dictionary<string, ImportedModule> _modules = new(StringComparer.Ordinal);
    private readonly List<MissingModule> _missing = [];

    private PythonGraph(RootDirectory root, PythonInterpreter python, string script, Func<PythonModule, bool> follow)
    {
        _root = root;
        _python = python;
        _finder = new PythonModuleFinder(root, python);
        _follow = follow;
        // sys.path[0] is the directory of the script itself, behind its symbolic links.
        _scriptDirectory = Path.GetDirectoryName(root.File(script) ?? script) ?? "/";
    }

    public required PythonInterpreter Python { get; init; }

    /// <summary>Each once, with who asked first.</summary>
    public IReadOnlyCollection<ImportedModule> Modules => _modules.Values;

    /// <summary>Asked for by the program's own files, found nowhere.</summary>
    public IReadOnlyList<MissingModule> Missing => _missing;

    /// <param name="root">The file system.</param>
    /// <param name="python">What runs the script.</param>
    /// <param name="script">Absolute path.</param>
    /// <param name="follow">Whether the imports of a found module are to be looked at too; those in the script's own directory always are.</param>
    public static PythonGraph Build(RootDirectory root, PythonInterpreter python, string script, Func<PythonModule, bool> follow)
    {
        var graph = new PythonGraph(root, python, script, follow) { Python = python };
        graph._pending.Enqueue((script, "", true));
        while (graph._pending.TryDequeue(out var source))
        {
            graph.Scan(source.Path, source.Package, source.Own);
        }

        return graph;
    }

    public bool IsOwn(PythonModule module) => module.Directory == _scriptDirectory;

    private void Scan(string path, string package, bool own)
    {
        if (_root.File(path) is not { } file)
            return;
        var imports = PythonScanner.Scan(File.ReadAllText(_root.HostPath(file)));
        var missing = new List<PythonImport>();
        foreach (var import in imports)
        {
            // Of other people's modules only what runs at once counts: half of their functions are for cases that never come.
            if (!own && import.Necessity == ImportNecessity.Deferred)
                continue;
            if (!Resolve(import, path, package))
                missing.Add(import);
        }

        if (own)
            _missing.AddRange(missing.Select(import => new MissingModule(path, import, Needed(import, missing))));
    }

    private static bool Needed(PythonImport import, List<PythonImport> missing) => import.Necessity switch
    {
        ImportNecessity.Mandatory => true,
        ImportNecessity.Fallback => missing.Exists(other => other.Necessity == ImportNecessity.Optional && other.Group == import.Group),
        _ => false,
    };

    private bool Resolve(PythonImport import, string by, string package)
    {
        var name = import.Module;
        if (import.Level > 0)
        {
            var parts = package.Split('.', StringSplitOptions.RemoveEmptyEntries);
            if (import.Level > parts.Length)
                return true; // "attempted relative import with no known parent package": the program handles it, or never worked.
            name = string.Join('.', parts[..^(import.Level - 1)].Concat(import.Module.Split('.', StringSplitOptions.RemoveEmptyEntries)));
        }

        if (name is "__main__" || _python.BuiltIn.Contains(name.Split('.')[0]))
            return true;
        var found = _finder.Find(name, _scriptDirectory);
        if (found.Count == 0)
            return false;
        foreach (var module in found)
        {
            Add(module, by, import);
        }

        foreach (var submodule in import.Names.Select(one => _finder.Submodule(found[^1], one)))
        {
            if (submodule is not null)
                Add(submodule, by, import);
        }

        return true;
    }

    private void Add(PythonModule module, string by, PythonImport import)
    {
        if (!_modules.TryAdd(module.Path, new ImportedModule(module, by, import)) || module.Kind is PythonModuleKind.Extension or PythonModuleKind.Namespace)
            return;
        var own = IsOwn(module);
        if (own || _follow(module))
            _pending.Enqueue((module.Path, module.Kind == PythonModuleKind.Package ? module.Name : Parent(module.Name), own));
    }

    private static string Parent(string name) => name.LastIndexOf('.') is > 0 and var dot ? name[..dot] : "";
}
