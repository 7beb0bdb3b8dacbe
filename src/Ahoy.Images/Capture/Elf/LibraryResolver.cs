using Ahoy.Contracts;

namespace Ahoy.Images.Capture.Elf;

/// <summary>
/// Finds libraries as glibc's dynamic linker does, without running anything: ld.so(8), and _dl_map_object in glibc's elf/dl-load.c where the page is silent.
/// Directories for particular processors (glibc-hwcaps) are left out, as a program captured here may run on another machine.
/// </summary>
public sealed class LibraryResolver
{
    private readonly RootDirectory _root;
    private readonly IReadOnlyList<string> _libraryPath;
    private readonly LoaderCache? _cache;
    private readonly IReadOnlyList<string> _configured;
    private readonly Dictionary<string, ElfFile?> _files = new(StringComparer.Ordinal);

    /// <param name="root">The file system in which to look.</param>
    /// <param name="libraryPath">LD_LIBRARY_PATH, or null.</param>
    public LibraryResolver(RootDirectory root, string? libraryPath)
    {
        _root = root;
        _libraryPath = [.. (libraryPath ?? "").Split([':', ';'], StringSplitOptions.RemoveEmptyEntries).Where(path => path.StartsWith('/'))];
        _cache = root.File("/etc/ld.so.cache") is { } cache ? LoaderCache.Parse(File.ReadAllBytes(root.HostPath(cache))) : null;
        _configured = _cache is null ? LoaderConfiguration.Directories(root) : [];
    }

    /// <summary>Resolves a program or library and all that it loads.</summary>
    /// <param name="path">Absolute, in the root.</param>
    /// <exception cref="AhoyException">The file is missing or no usable ELF file.</exception>
    public LibraryClosure Resolve(string path)
    {
        var file = _root.File(path) ?? throw new AhoyException(ErrorCode.NotFound, $"{path} does not exist.");
        var elf = ElfReader.Read(_root.HostPath(file));
        // A program's own $ORIGIN is the directory of /proc/self/exe, a library's the directory through which it was opened.
        var program = new LoadedObject { Path = path, File = file, Elf = elf, Origin = Parent(elf.Interpreter is null ? path : file) };
        var objects = new List<LoadedObject> { program };
        var uses = new List<LibraryUse>();
        AddNames(program, []);
        var interpreter = elf.Interpreter is { } name && _root.File(name) is not null ? elf.Interpreter : null;
        var loader = interpreter is null ? null : Load(interpreter, program, elf.Machine);
        if (loader is not null)
            AddNames(loader, [interpreter!]);

        for (var i = 0; i < objects.Count; i++)
        {
            foreach (var needed in objects[i].Elf.Needed)
            {
                uses.Add(Use(needed, objects[i], objects, loader));
            }
        }

        return new LibraryClosure { Objects = objects, Uses = uses, Interpreter = interpreter, MissingVersions = MissingVersions(objects, loader) };
    }

    /// <summary>e_machine of a library that has been resolved; of anything else that of x86-64.</summary>
    internal ushort MachineOf(string path) => _root.File(path) is { } file && _files.TryGetValue(file, out var elf) && elf is not null ? elf.Machine : (ushort)62;

    private LibraryUse Use(string name, LoadedObject by, List<LoadedObject> objects, LoadedObject? loader)
    {
        var use = new LibraryUse { RequestedBy = by.Path, Name = name };
        if (loader is not null && loader.Names.Contains(name))
            return use with { Path = loader.Path, Source = LibrarySource.Interpreter };

        // What is loaded already answers to its name, its soname, and the names it was asked by: no second search (_dl_name_match_p).
        var known = objects.Find(one => one.Names.Contains(name));
        var searched = new List<string>();
        foreach (var place in known is null ? Places(name, by) : PlacesOf(known, name, by))
        {
            searched.Add(Parent(place.Path));
            if (known is null)
            {
                var found = Load(place.Path, by, by.Elf.Machine);
                if (found is null)
                    continue;
                // Two names of one file are one object: the linker compares device and inode.
                known = objects.Find(one => one.File == found.File);
                if (known is null)
                    objects.Add(known = found);
                AddNames(known, [name]);
            }

            return use with { Path = known.Path, Source = place.Source, RelativeToOrigin = place.RelativeToOrigin };
        }

        return use with { Searched = [.. searched.Distinct(StringComparer.Ordinal)] };
    }

    // The rule by which a later asker would have found it matters to whoever copies files; where no rule would, the first asker's presence is what counts.
    private IEnumerable<LibraryPlace> PlacesOf(LoadedObject known, string name, LoadedObject by) =>
        Places(name, by).Where(place => _root.File(place.Path) == known.File).Append(new LibraryPlace(known.Path, LibrarySource.Cache, false)).Take(1);

    private IEnumerable<LibraryPlace> Places(string name, LoadedObject by)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            foreach (var path in LoaderTokens.Expand(name, by.Origin, by.Elf.Machine).Where(path => path.StartsWith('/')))
            {
                yield return new LibraryPlace(path, LibrarySource.Path, LoaderTokens.UsesOrigin(name));
            }

            yield break;
        }

        if (by.Elf.Runpath is null)
        {
            for (var one = by; one is not null; one = one.Loader)
            {
                foreach (var place in InPath(one.Elf.Rpath, one, name, LibrarySource.Rpath))
                {
                    yield return place;
                }
            }
        }

        foreach (var directory in _libraryPath)
        {
            yield return new LibraryPlace($"{directory.TrimEnd('/')}/{name}", LibrarySource.LibraryPath, false);
        }

        foreach (var place in InPath(by.Elf.Runpath, by, name, LibrarySource.Runpath))
        {
            yield return place;
        }

        var defaults = LoaderTokens.DefaultDirectories(by.Elf.Machine);
        var usable = by.Elf.NoDefaultDirectories ? new HashSet<string>(defaults) : [];
        foreach (var path in (_cache?.Find(name) ?? []).Concat(_configured.Select(directory => $"{directory}/{name}")))
        {
            if (!usable.Contains(Parent(path)))
                yield return new LibraryPlace(path, LibrarySource.Cache, false);
        }

        foreach (var directory in by.Elf.NoDefaultDirectories ? [] : defaults)
        {
            yield return new LibraryPlace($"{directory}/{name}", LibrarySource.DefaultDirectory, false);
        }
    }

    private static IEnumerable<LibraryPlace> InPath(string? searchPath, LoadedObject of, string name, LibrarySource source) =>
        from entry in (searchPath ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        from directory in LoaderTokens.Expand(entry, of.Origin, of.Elf.Machine)
        where directory.StartsWith('/')
        select new LibraryPlace($"{directory.TrimEnd('/')}/{name}", source, LoaderTokens.UsesOrigin(entry));

    // Files of another class or machine, and what is no ELF file, are passed over as the linker does.
    private LoadedObject? Load(string path, LoadedObject by, ushort machine)
    {
        if (_root.File(path) is not { } file)
            return null;
        if (!_files.TryGetValue(file, out var elf))
            _files[file] = elf = TryRead(file);
        return elf is null || elf.Machine != machine ? null : new LoadedObject { Path = path, File = file, Elf = elf, Loader = by, Origin = Parent(path) };
    }

    private ElfFile? TryRead(string file)
    {
        try
        {
            return ElfReader.Read(_root.HostPath(file));
        }
        catch (Exception e) when (e is AhoyException or UnauthorizedAccessException)
        {
            // A text file with a library's name (a linker script), a 32-bit library, a file that only root may read: not loadable, search on.
            return null;
        }
    }

    private static void AddNames(LoadedObject loaded, IEnumerable<string> names)
    {
        loaded.Names.UnionWith(names);
        if (loaded.Elf.Soname is { } soname)
            loaded.Names.Add(soname);
    }

    // A library without any version definitions is accepted by the linker ("no version information available").
    private static List<MissingVersion> MissingVersions(List<LoadedObject> objects, LoadedObject? loader)
    {
        var all = loader is null ? objects : [.. objects, loader];
        return
        [
            .. from one in objects
               from need in one.Elf.VersionNeeds
               where !need.Weak
               let library = all.Find(other => other.Names.Contains(need.Library))
               where library is not null && library.Elf.VersionDefinitions.Count > 0 && !library.Elf.VersionDefinitions.Contains(need.Version)
               select new MissingVersion(one.Path, library.Path, need.Version),
        ];
    }

    private static string Parent(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "/";

    private readonly record struct LibraryPlace(string Path, LibrarySource Source, bool RelativeToOrigin);
}
