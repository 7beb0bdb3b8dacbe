namespace Ahoy.Images.Capture.Scripts;

/// <summary>How Python installations lie on disk: the sys.path that getpath.py and site.py of CPython, with Debian's changes, would compute.</summary>
internal static class PythonLayout
{
    // sys.builtin_module_names of CPython 3.8 to 3.13 on Linux, and Debian's additional ones. Frozen modules have files in the standard library.
    private static readonly HashSet<string> BuiltIn =
    [
        "_abc", "_ast", "_bisect", "_blake2", "_codecs", "_collections", "_csv", "_datetime", "_elementtree", "_functools", "_heapq", "_imp", "_io", "_json",
        "_locale", "_md5", "_operator", "_opcode", "_pickle", "_posixsubprocess", "_random", "_sha1", "_sha2", "_sha256", "_sha3", "_sha512", "_signal",
        "_socket", "_sre", "_stat", "_statistics", "_string", "_struct", "_suggestions", "_symtable", "_sysconfig", "_thread", "_tokenize", "_tracemalloc",
        "_typing", "_warnings", "_weakref", "array", "atexit", "binascii", "builtins", "cmath", "errno", "faulthandler", "fcntl", "gc", "grp", "itertools",
        "marshal", "math", "posix", "pwd", "pyexpat", "select", "spwd", "sys", "syslog", "time", "unicodedata", "xxsubtype", "zlib",
    ];

    public static PythonInterpreter? Find(RootDirectory root, string path)
    {
        if (root.File(path) is not { } file)
            return null;
        // A virtual environment is known by pyvenv.cfg above the directory through which it is started; any link in the chain may be the one.
        var chain = root.Trace(path)!.Links.Select(link => link.Path).Prepend(root.Place(path)!);
        var virtualPrefix = chain.Select(Above).FirstOrDefault(directory => root.File($"{directory}/pyvenv.cfg") is not null);
        var basePrefix = Above(file);
        // An environment made with --copies holds the program itself; pyvenv.cfg names the directory that it was copied from.
        if (basePrefix == virtualPrefix && Setting(root, virtualPrefix, "home") is { } home)
            basePrefix = Above($"{home}/python");
        var version = Version(root, file, basePrefix);
        if (version is null)
            return null;

        var library = $"{basePrefix}/lib/python{version}";
        List<string> search = [library, $"{library}/lib-dynload"];
        if (virtualPrefix is not null)
            search.Add($"{virtualPrefix}/lib/python{version}/site-packages");
        if (virtualPrefix is null || SeesSystem(root, virtualPrefix))
        {
            search.AddRange(basePrefix == "/usr"
                ? [$"/usr/local/lib/python{version}/dist-packages", "/usr/lib/python3/dist-packages", $"{library}/dist-packages"]
                : [$"{library}/site-packages"]);
        }

        return new PythonInterpreter
        {
            Path = path,
            Version = version,
            Prefix = virtualPrefix ?? basePrefix,
            BasePrefix = basePrefix,
            SearchPath = search,
            BuiltIn = BuiltIn,
        };
    }

    // /usr/bin/python3.11 → 3.11; else the one library directory that there is.
    private static string? Version(RootDirectory root, string file, string prefix)
    {
        var name = Path.GetFileName(file);
        if (name.StartsWith("python", StringComparison.Ordinal) && name.Contains('.', StringComparison.Ordinal))
            return name["python".Length..];
        if (!name.StartsWith("python", StringComparison.Ordinal) || root.Directory($"{prefix}/lib") is not { } library)
            return null;
        return Directory.EnumerateDirectories(root.HostPath(library), "python3.*")
            .Select(directory => Path.GetFileName(directory)["python".Length..])
            .Where(version => root.File($"{prefix}/lib/python{version}/os.py") is not null)
            .OrderByDescending(version => System.Version.TryParse(version, out var parsed) ? parsed : new Version(0, 0))
            .FirstOrDefault();
    }

    private static bool SeesSystem(RootDirectory root, string prefix) =>
        string.Equals(Setting(root, prefix, "include-system-site-packages"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>A "key = value" of pyvenv.cfg; null when it is not set.</summary>
    private static string? Setting(RootDirectory root, string prefix, string key) =>
        File.ReadLines(root.HostPath(root.File($"{prefix}/pyvenv.cfg")!))
            .Select(line => line.Split('=', 2))
            .FirstOrDefault(pair => pair.Length == 2 && pair[0].Trim().Equals(key, StringComparison.OrdinalIgnoreCase))?[1].Trim();

    // /usr/bin/python3 → /usr
    private static string Above(string path) => Path.GetDirectoryName(Path.GetDirectoryName(path) ?? "/") is { Length: > 1 } prefix ? prefix : "";
}
