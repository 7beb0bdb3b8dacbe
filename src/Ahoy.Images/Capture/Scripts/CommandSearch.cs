namespace Ahoy.Images.Capture.Scripts;

/// <summary>Looks programs up on PATH, and behind the shims of pyenv, which are shell scripts that choose the real program when they run.</summary>
internal sealed class CommandSearch(RootDirectory root, CaptureEnvironment environment)
{
    /// <summary>All programs of that name in the order of PATH, shims replaced by what they would start.</summary>
    public IEnumerable<string> FindAll(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
            return root.IsExecutable(name) ? [name] : [];
        return environment.SearchPath
            .Select(directory => $"{directory.TrimEnd('/')}/{name}")
            .Where(root.IsExecutable)
            .SelectMany(BehindShim)
            .Distinct(StringComparer.Ordinal);
    }

    public string? Find(string name) => FindAll(name).FirstOrDefault();

    // pyenv keeps PYENV_ROOT/shims/NAME (a script) and PYENV_ROOT/versions/VERSION/bin/NAME. "system" means: the next one on PATH.
    private IEnumerable<string> BehindShim(string path)
    {
        var directory = Path.GetDirectoryName(path)!;
        if (Path.GetFileName(directory) != "shims" || Path.GetDirectoryName(directory) is not { } pyenv || root.Directory($"{pyenv}/versions") is null)
            return [path];
        return Versions(pyenv)
            .Select(version => $"{pyenv}/versions/{version}/bin/{Path.GetFileName(path)}")
            .Where(root.IsExecutable);
    }

    private IEnumerable<string> Versions(string pyenv)
    {
        if (environment.PyenvVersion is { Length: > 0 } chosen)
            return chosen.Split(':');
        for (var directory = environment.WorkingDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (root.File(Path.Combine(directory, ".python-version")) is { } local)
                return Lines(local);
        }

        return root.File($"{pyenv}/version") is { } global ? Lines(global) : [];
    }

    private IEnumerable<string> Lines(string file) =>
        File.ReadLines(root.HostPath(file)).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#');
}
