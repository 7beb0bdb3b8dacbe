using Ahoy.Contracts;

namespace Ahoy.Images.Capture.Elf;

/// <summary>What a compiled program or library needs: its dynamic linker and, recursively, its libraries.</summary>
internal sealed class ElfCapture(RootDirectory root, CaptureEnvironment environment, BaseSystem baseSystem, SupplyRules rules, CaptureLedger ledger)
{
    private readonly LibraryResolver _resolver = new(root, Absolute(environment));
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    public void Capture(string program, Placement placement)
    {
        if (!_done.Add(program))
            return;
        LibraryClosure closure;
        try
        {
            closure = _resolver.Resolve(program);
        }
        catch (AhoyException e) when (e.Code is ErrorCode.NotSupported or ErrorCode.InvalidRequest)
        {
            ledger.Add(new CaptureItem { Name = program, Kind = CaptureKind.Data, Path = program, Why = [e.Message], Supply = CaptureSupply.Unmet, Hint = "Its libraries could not be found out." });
            return;
        }

        Loader(program, closure);
        var uses = closure.Uses.ToLookup(use => use.RequestedBy, StringComparer.Ordinal);
        var objects = closure.Objects.ToDictionary(one => one.Path, StringComparer.Ordinal);
        var pending = new Queue<(string Path, Placement Placement)>([(program, placement)]);
        while (pending.TryDequeue(out var one))
        {
            CheckLibcVersion(objects[one.Path]);
            // Every Python can; what it loads so are the modules, which are looked at as such.
            if (objects[one.Path].Elf.OpensLibraries && !one.Path.Contains("python", StringComparison.Ordinal))
                ledger.Note($"{Path.GetFileName(one.Path)} can load libraries by name while it runs (dlopen). Which ones is not written in the file: if some are missing in the job, add their packages.");
            foreach (var use in uses[one.Path])
            {
                if (Library(use, one.Placement) is { Travels: true } library && objects.ContainsKey(use.Path!) && (use.Path! == program || _done.Add(use.Path!)))
                    pending.Enqueue((use.Path!, library));
            }
        }
    }

    private void Loader(string program, LibraryClosure closure)
    {
        if (closure.Objects[0].Elf.Interpreter is not { } name)
            return;
        string[] why = [$"{Path.GetFileName(program)} is started by it"];
        var item = new CaptureItem { Name = name, Kind = CaptureKind.Interpreter, Path = closure.Interpreter, Why = why, RequiredBy = program, Supply = CaptureSupply.Unmet };
        if (closure.Interpreter is null)
        {
            ledger.Add(item with { Hint = $"{name} does not exist on this computer either: {Path.GetFileName(program)} was made for another system." });
            return;
        }

        if (rules.For(name) is { } supply)
        {
            ledger.Add(item with { Supply = supply.Supply, Package = supply.Package });
            return;
        }

        ledger.CarryInPlace(name);
        ledger.Add(item with { Supply = CaptureSupply.Copied, Target = name });
    }

    private Placement? Library(LibraryUse use, Placement by)
    {
        var asker = Path.GetFileName(use.RequestedBy);
        var item = new CaptureItem { Name = use.Name, Kind = CaptureKind.Library, Path = use.Path, Why = [$"{asker} needs {use.Name}"], RequiredBy = use.RequestedBy, Supply = CaptureSupply.Unmet };
        if (use.Path is null)
        {
            ledger.Add(item with { Hint = $"No directory that the loader searches has it: {string.Join(", ", use.Searched)}. Install it, or set LD_LIBRARY_PATH to its directory." });
            return null;
        }

        if (use.Source == LibrarySource.Interpreter)
            return null;
        if (rules.For(use.Path) is { } supply)
        {
            ledger.Add(item with { Supply = supply.Supply, Package = supply.Package });
            // A program that travels with the job is not there when the image is verified; its libraries are.
            if (by.Supply == CaptureSupply.Input && baseSystem.SameRelease && root.Place(use.Path) is { } place)
                ledger.Verify(baseSystem.RealPath(place));
            return new Placement(supply.Supply, use.Path);
        }

        if (SecretFiles.Reason(root.HostPath(root.File(use.Path)!)) is { } reason)
        {
            ledger.Add(item with { Supply = CaptureSupply.Refused, Hint = $"Not taken along: {reason}." });
            return null;
        }

        var placement = Carry(use, by);
        ledger.Add(item with { Supply = placement.Supply, Target = placement.Path });
        return placement;
    }

    private Placement Carry(LibraryUse use, Placement by)
    {
        var moved = by.Supply != CaptureSupply.Copied || by.Path != baseSystem.RealPath(root.Place(use.RequestedBy)!);
        if (use.RelativeToOrigin && moved)
        {
            // $ORIGIN of a program is the directory of the file behind its links, of a library the directory it was opened in.
            var origin = Path.GetDirectoryName(use.RequestedBy)!;
            var real = Path.GetDirectoryName(root.File(use.RequestedBy)!)!;
            var from = use.Path!.StartsWith(origin + "/", StringComparison.Ordinal) ? origin : real;
            if (by.Beside(Path.GetRelativePath(from, Path.GetFullPath(use.Path))) is { } beside)
            {
                var companion = beside with { Supply = by.Supply == CaptureSupply.Input ? CaptureSupply.Input : CaptureSupply.Copied };
                ledger.Carry(use.Path, companion);
                return companion;
            }
        }

        ledger.CarryInPlace(use.Path!);
        var place = root.Place(use.Path!)!;
        if (!IsSearchedThere(use, place))
            ledger.Link($"{DefaultDirectory(place)}/{use.Name}", root.File(use.Path!)!);
        return new Placement(CaptureSupply.Copied, baseSystem.RealPath(place));
    }

    // A path in RPATH or RUNPATH leads to the same place in the image. What came from ld.so.cache or LD_LIBRARY_PATH does not: neither goes along,
    // so such a library gets a link in a directory that is built into the linker.
    private static bool IsSearchedThere(LibraryUse use, string place) =>
        (use.Source is LibrarySource.Rpath or LibrarySource.Runpath or LibrarySource.Path && !use.RelativeToOrigin)
        || LoaderTokens.DefaultDirectories(62).Concat(LoaderTokens.DefaultDirectories(183)).Contains(Path.GetDirectoryName(place));

    private string DefaultDirectory(string place)
    {
        var machine = _resolver.MachineOf(place);
        return LoaderTokens.DefaultDirectories(machine).Skip(1).FirstOrDefault(directory => baseSystem.HasFile($"{directory}/libc.so.6")) ?? LoaderTokens.DefaultDirectories(machine)[1];
    }

    private void CheckLibcVersion(LoadedObject one)
    {
        if (!Version.TryParse(baseSystem.LibcVersion, out var there))
            return;
        var newest = one.Elf.VersionNeeds
            .Where(need => !need.Weak && need.Version.StartsWith("GLIBC_2.", StringComparison.Ordinal))
            .Select(need => Version.TryParse(need.Version["GLIBC_".Length..], out var version) ? version : new Version(0, 0))
            .Max();
        if (newest is null || newest <= there)
            return;
        ledger.Add(new CaptureItem
        {
            Name = $"glibc {newest}",
            Kind = CaptureKind.Library,
            Why = [$"{Path.GetFileName(one.Path)} was linked against glibc {newest}; {baseSystem.Name} has {there}"],
            RequiredBy = one.Path,
            Supply = CaptureSupply.Unmet,
            Hint = "Choose a base of a newer release, or compile the program on one as old as the base.",
        });
    }

    // ld.so(8): directories of LD_LIBRARY_PATH may be relative, and an empty one is the working directory.
    private static string? Absolute(CaptureEnvironment environment) => environment.LibraryPath is not { Length: > 0 } path ? null
        : string.Join(':', path.Split(':', ';').Select(directory => Path.GetFullPath(directory.Length == 0 ? "." : directory, environment.WorkingDirectory)));
}
