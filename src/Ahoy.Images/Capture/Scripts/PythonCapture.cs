using Ahoy.Images.Capture.Elf;

namespace Ahoy.Images.Capture.Scripts;

/// <summary>What a Python script needs: an interpreter with its standard library, and the modules that it imports.</summary>
internal sealed class PythonCapture(RootDirectory root, CaptureEnvironment environment, SupplyRules rules, CaptureLedger ledger, ElfCapture elf, ProgramCapture programs)
{
    private readonly PythonTree _tree = new(root, ledger, elf);

    public async Task CaptureAsync(string script, Placement placement, Shebang shebang, CancellationToken cancellationToken)
    {
        if (await ChooseAsync(script, shebang, cancellationToken) is not { } graph)
        {
            WithoutPython(script, placement, shebang);
            return;
        }

        // "env python3" in an activated virtual environment: the environment is not on the job's PATH, so the Python below it is
        // started there, and the environment's modules are put where that one looks.
        var moved = graph.Python.IsVirtual && shebang.Command is not null;
        // "#!/home/u/venv/bin/python": the environment is taken along as it lies, and only the Python below it comes from elsewhere.
        var interpreter = moved ? BelowVirtual(graph.Python, shebang.Command!)
            : graph.Python.IsVirtual ? CarryVirtual(graph.Python)
            : graph.Python.Path;
        var item = new CaptureItem
        {
            Name = shebang.Command ?? shebang.Interpreter,
            Kind = CaptureKind.Interpreter,
            Path = interpreter,
            Why = [$"{Path.GetFileName(script)} is run by it"],
            RequiredBy = script,
            Supply = CaptureSupply.Unmet,
        };
        var place = await programs.CaptureCommandAsync(interpreter, shebang.Command, item, cancellationToken);
        if (place is null)
            return;
        if (place.Travels)
            StandardLibrary(graph.Python, interpreter);
        foreach (var module in graph.Modules)
        {
            Module(module, graph, script, placement, place, moved);
        }

        Missing(graph);
    }

    /// <summary>
    /// Of several Pythons on PATH the first that has all that the script can't do without: with the others it does not run on this computer either.
    /// When none has, a package's Python before one that somebody compiled.
    /// </summary>
    private async Task<PythonGraph?> ChooseAsync(string script, Shebang shebang, CancellationToken cancellationToken)
    {
        var graphs = new List<PythonGraph>();
        IEnumerable<string> candidates = shebang.Command is not null ? programs.Search.FindAll(shebang.Command) : root.File(shebang.Interpreter) is null ? [] : [shebang.Interpreter];
        foreach (var candidate in candidates)
        {
            if (await PythonInterpreter.FindAsync(root, candidate, environment.Home, cancellationToken) is not { } python)
                continue;
            var suppliedPython = rules.For(candidate) is not null;
            var graph = PythonGraph.Build(root, python, script, module => (!python.IsStandard(module.Directory) || !suppliedPython) && rules.For(module.Path) is null);
            if (!graph.Missing.Any(missing => missing.Needed))
            {
                if (graphs.Count > 0)
                    ledger.Note($"{Path.GetFileName(script)} will be run by {candidate}: {graphs[0].Python.Path}, which comes first on PATH, lacks {string.Join(", ", graphs[0].Missing.Where(missing => missing.Needed).Select(missing => missing.Import.ToString()).Distinct())}.");
                return graph;
            }

            graphs.Add(graph);
        }

        return graphs.Find(graph => rules.For(graph.Python.Path) is not null) ?? graphs.FirstOrDefault();
    }

    private void WithoutPython(string script, Placement placement, Shebang shebang)
    {
        if (rules.UnknownPackages.Count == 0 && !rules.BaseHasProgram(shebang.Command ?? shebang.Interpreter))
            ScriptCapture.Missing(ledger, shebang, script);
        ledger.Note($"There is no {shebang.Name} on this computer: of what {Path.GetFileName(script)} imports only the files beside it were looked for. Name the packages of the other modules with --package.");
        var unknown = new PythonInterpreter { Path = shebang.Interpreter, Version = "3", BasePrefix = "/usr", Prefix = "/usr", SearchPath = [], BuiltIn = new HashSet<string>() };
        var graph = PythonGraph.Build(root, unknown, script, _ => false);
        foreach (var module in graph.Modules)
        {
            Own(module, script, placement);
        }
    }

    private string BelowVirtual(PythonInterpreter python, string command)
    {
        var below = $"{python.BasePrefix}/bin/{command}";
        return root.IsExecutable(below) ? below : root.File(python.Path)!;
    }

    /// <summary>Puts a virtual environment's frame into the image at its own place: pyvenv.cfg, by which Python knows it, and the links or the copy by which it is started.</summary>
    /// <returns>The Python below, which the last of the links leads to; the environment's own when it holds a copy.</returns>
    private string CarryVirtual(PythonInterpreter python)
    {
        var prefix = root.Directory(python.Prefix)!;
        ledger.CarryInPlace($"{python.Prefix}/pyvenv.cfg");
        var links = root.Trace(python.Path)!.Links;
        programs.KeepInPlace(prefix);
        ledger.Verify(python.Path);
        // A directory on the way to the environment may be a link too; what comes behind the environment's own is the installation below.
        var last = links.ToList().FindLastIndex(link => link.Path.StartsWith($"{prefix}/", StringComparison.Ordinal));
        foreach (var link in links.Take(last + 1))
        {
            ledger.Link(link.Path, link.Target);
        }

        return last < 0 ? python.Path : Path.GetFullPath(links[last].Target, Path.GetDirectoryName(links[last].Path)!);
    }

    private void StandardLibrary(PythonInterpreter python, string interpreter)
    {
        var directory = $"{python.BasePrefix}/lib/python{python.Version}";
        var (count, bytes) = _tree.CarryStandardLibrary(directory);
        ledger.Add(new CaptureItem
        {
            Name = $"Python {python.Version} standard library",
            Kind = CaptureKind.Module,
            Path = directory,
            Why = [$"{Path.GetFileName(interpreter)} needs its standard library ({count} files, {bytes / (1 << 20)} MB)"],
            RequiredBy = interpreter,
            Supply = CaptureSupply.Copied,
            Target = directory,
        });
    }

    private void Module(ImportedModule imported, PythonGraph graph, string script, Placement placement, Placement interpreter, bool moved)
    {
        var module = imported.Module;
        if (module.Kind == PythonModuleKind.Namespace)
            return;
        if (graph.IsOwn(module))
        {
            Own(imported, script, placement);
            return;
        }

        if (graph.Python.IsStandard(module.Directory) && interpreter.Travels)
        {
            // The standard library comes as a whole; its extensions need libraries of their own.
            if (module.Kind == PythonModuleKind.Extension)
                elf.Capture(module.Path, new Placement(CaptureSupply.Copied, root.Place(module.Path)!));
            return;
        }

        if (rules.For(module.Path) is { } supply)
        {
            ledger.Add(Item(imported) with { Supply = supply.Supply, Package = supply.Package });
            return;
        }

        if (graph.Python.IsStandard(module.Directory))
            ledger.Add(Item(imported) with { Supply = CaptureSupply.Base });
        else if (!interpreter.Travels && !rules.SameRelease)
            ledger.Add(Item(imported) with { Hint = $"The base has a Python of its own, for which this computer's {module.Name} was not made. {ScriptHints.ForModule(module.Name)}" });
        else
            ThirdParty(imported, graph.Python, moved);
    }

    private void Own(ImportedModule imported, string script, Placement placement)
    {
        var module = imported.Module;
        if (module.Kind == PythonModuleKind.Namespace)
            return;
        var target = placement.Beside(Path.GetRelativePath(Path.GetDirectoryName(root.File(script)!)!, module.Path))!;
        if (placement.Supply == CaptureSupply.Added)
        {
            if (programs.IsAddedAt(module.Path, target.Path))
            {
                ledger.Add(Item(imported) with { Supply = CaptureSupply.Added, Target = target.Path });
                return;
            }

            target = target with { Supply = CaptureSupply.Copied };
        }

        if (SecretFiles.Reason(root.HostPath(root.File(module.Path)!)) is { } reason)
        {
            ledger.Add(Item(imported) with { Supply = CaptureSupply.Refused, Hint = $"Not taken along: {reason}." });
            return;
        }

        ledger.Carry(module.Path, target);
        ledger.Add(Item(imported) with { Supply = target.Supply, Target = target.Path });
        if (module.Kind == PythonModuleKind.Extension)
            elf.Capture(module.Path, target);
    }

    // A package is more than the modules that are imported: data, libraries beside it. It comes as a whole.
    private void ThirdParty(ImportedModule imported, PythonInterpreter python, bool moved)
    {
        var module = imported.Module;
        var leaves = (moved && PythonInterpreter.IsSite(module.Directory)) || module.Directory == python.UserSite;
        var target = leaves ? python.SiteDirectory : root.Directory(module.Directory)!;
        var top = module.Name.Split('.')[0];
        _tree.CarryPackage(module.Directory, top, target);
        if (!PythonInterpreter.IsSite(module.Directory))
            PathFiles(module.Directory, python, moved);
        ledger.Add(Item(imported) with { Name = top, Path = $"{module.Directory}/{top}", Supply = CaptureSupply.Copied, Target = $"{target}/{top}" });
    }

    /// <summary>The .pth files by which a site directory adds this one to the module path (site.py), as editable installations do.</summary>
    private void PathFiles(string directory, PythonInterpreter python, bool moved)
    {
        foreach (var site in python.SearchPath.Where(PythonInterpreter.IsSite))
        {
            foreach (var file in Directory.EnumerateFiles(root.HostPath(root.Directory(site)!), "*.pth").Where(file => File.ReadLines(file).Any(line => line.Trim().TrimEnd('/') == directory)))
            {
                var target = moved || site == python.UserSite ? python.SiteDirectory : root.Directory(site)!;
                ledger.Carry($"{site}/{Path.GetFileName(file)}", new Placement(CaptureSupply.Copied, $"{target}/{Path.GetFileName(file)}"));
            }
        }
    }

    private void Missing(PythonGraph graph)
    {
        foreach (var missing in graph.Missing)
        {
            var by = $"{Path.GetFileName(missing.By)} (line {missing.Import.Line})";
            if (!missing.Needed)
            {
                ledger.Note($"{by} imports {missing.Import}, which {graph.Python.Path} does not find; the script can do without it, or needs it in a part only.");
            }
            else if (rules.UnknownPackages.Count > 0)
            {
                ledger.Note($"{by} imports {missing.Import}, which is not on this computer; a package that you named has to bring it ({string.Join(", ", rules.UnknownPackages)}).");
            }
            else
            {
                ledger.Add(new CaptureItem
                {
                    Name = missing.Import.ToString(),
                    Kind = CaptureKind.Module,
                    Why = [$"{by} imports {missing.Import}"],
                    RequiredBy = missing.By,
                    Supply = CaptureSupply.Unmet,
                    Hint = $"{graph.Python.Path} does not find it. {ScriptHints.ForModule(missing.Import.Module)}",
                });
            }
        }
    }

    private static CaptureItem Item(ImportedModule imported) => new()
    {
        Name = imported.Module.Name,
        Kind = CaptureKind.Module,
        Path = imported.Module.Path,
        Why = [$"{Path.GetFileName(imported.By)} imports {imported.Module.Name}"],
        RequiredBy = imported.By,
        Supply = CaptureSupply.Unmet,
    };
}
