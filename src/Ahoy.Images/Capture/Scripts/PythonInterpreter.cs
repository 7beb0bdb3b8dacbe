using Ahoy.Processes;

namespace Ahoy.Images.Capture.Scripts;

/// <summary>A Python installation: where it looks for modules. Learned from the interpreter itself where it can be run, else from how installations are laid out.</summary>
public sealed record PythonInterpreter
{
    private const string Question = "import sys; print(sys.version_info[0], sys.version_info[1]); print(sys.prefix); print(sys.base_prefix); print(','.join(sys.builtin_module_names)); print('\\n'.join(sys.path))";
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    /// <summary>As it is started; its last name may be a symbolic link.</summary>
    public required string Path { get; init; }
    /// <summary>"3.11".</summary>
    public required string Version { get; init; }
    /// <summary>Where the standard library lies below (lib/python3.11).</summary>
    public required string BasePrefix { get; init; }
    /// <summary>The same, or the virtual environment's directory.</summary>
    public required string Prefix { get; init; }
    /// <summary>sys.path without the script's own directory, in order; only directories that exist.</summary>
    public required IReadOnlyList<string> SearchPath { get; init; }
    /// <summary>Modules inside the interpreter's program.</summary>
    public required IReadOnlySet<string> BuiltIn { get; init; }
    /// <summary>The user's own site directory (~/.local/lib/…), which is part of <see cref="SearchPath"/>; null when there is none.</summary>
    public string? UserSite { get; init; }

    public bool IsVirtual => Prefix != BasePrefix;

    /// <summary>Where modules go that must be found by this installation in another root.</summary>
    public string SiteDirectory =>
        BasePrefix == "/usr" ? $"/usr/local/lib/python{Version}/dist-packages" : $"{BasePrefix}/lib/python{Version}/site-packages";

    /// <summary>Null when nothing can be learned about it: it can't be run, and nothing that looks like a Python installation is around it.</summary>
    public static async Task<PythonInterpreter?> FindAsync(RootDirectory root, string path, string? home, CancellationToken cancellationToken)
    {
        var found = (root.IsHost ? await AskAsync(path, cancellationToken) : null) ?? PythonLayout.Find(root, path);
        if (found is null)
            return null;
        var userSite = home is null ? null : $"{home.TrimEnd('/')}/.local/lib/python{found.Version}/site-packages";
        if (userSite is null || found.IsVirtual || root.Directory(userSite) is null)
            return found with { SearchPath = [.. found.SearchPath.Where(directory => root.Directory(directory) is not null)] };
        // The user's site comes before the system's, after the standard library (site.py).
        var standard = found.SearchPath.Where(directory => !IsSite(directory)).ToList();
        return found with
        {
            UserSite = userSite,
            SearchPath = [.. standard.Append(userSite).Concat(found.SearchPath.Except(standard)).Where(directory => root.Directory(directory) is not null)],
        };
    }

    /// <summary>True for a directory of the standard library, which belongs to the interpreter.</summary>
    public bool IsStandard(string directory) =>
        !IsSite(directory) && directory.StartsWith($"{BasePrefix}/lib/python{Version.Split('.')[0]}", StringComparison.Ordinal);

    public static bool IsSite(string directory) =>
        directory.Contains("/site-packages", StringComparison.Ordinal) || directory.Contains("/dist-packages", StringComparison.Ordinal);

    private static async Task<PythonInterpreter?> AskAsync(string path, CancellationToken cancellationToken)
    {
        ProgramOutput answer;
        try
        {
            // -I: neither the environment nor the directory of the user may make it run something else.
            answer = await ProgramRunner.TryRunAsync(new ProgramCall { Program = path, Arguments = ["-I", "-c", Question], Timeout = AnswerTime }, cancellationToken);
        }
        catch (ProgramFailedException)
        {
            // It can't be run here (no permission, another architecture); its layout still tells.
            return null;
        }

        var lines = answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (answer.ExitCode != 0 || lines.Length < 5)
            return null;
        return new PythonInterpreter
        {
            Path = path,
            Version = lines[0].Replace(' ', '.'),
            Prefix = lines[1],
            BasePrefix = lines[2],
            BuiltIn = lines[3].Split(',').ToHashSet(StringComparer.Ordinal),
            SearchPath = [.. lines[4..].Where(line => line.StartsWith('/'))],
        };
    }
}
