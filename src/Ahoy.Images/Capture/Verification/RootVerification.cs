using Ahoy.Contracts;
using Ahoy.Images.Capture.Elf;
using Ahoy.Images.Capture.Scripts;

namespace Ahoy.Images.Capture.Verification;

/// <summary>Checks in a finished root that programs can load all that they need, before a job has to find out.</summary>
public sealed class RootVerification
{
    private static readonly string[] SearchPath = ["/app", "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    private readonly RootDirectory _root;
    private readonly LibraryResolver _libraries;
    private readonly CommandSearch _commands;
    private readonly List<string> _faults = [];
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    private RootVerification(string root)
    {
        _root = new RootDirectory(root);
        _libraries = new LibraryResolver(_root, libraryPath: null);
        _commands = new CommandSearch(_root, new CaptureEnvironment { WorkingDirectory = "/", SearchPath = SearchPath });
    }

    /// <summary>The faults in words, one each; none when everything is there.</summary>
    /// <param name="root">Directory of the root; "/" inside the container.</param>
    /// <param name="programs">Absolute paths in the root, of programs, scripts and libraries.</param>
    /// <param name="cancellationToken">Ends a wait for an interpreter that is asked for its module path.</param>
    public static async Task<IReadOnlyList<string>> VerifyAsync(string root, IReadOnlyList<string> programs, CancellationToken cancellationToken)
    {
        var verification = new RootVerification(root);
        foreach (var program in programs)
        {
            await verification.ProgramAsync(program, cancellationToken);
        }

        return [.. verification._faults.Distinct(StringComparer.Ordinal)];
    }

    private async Task ProgramAsync(string path, CancellationToken cancellationToken)
    {
        if (!_done.Add(path))
            return;
        if (!path.StartsWith('/'))
        {
            _faults.Add($"{path} is no absolute path.");
            return;
        }

        if (_root.File(path) is not { } file)
        {
            _faults.Add($"{path} is not there{(_root.Trace(path) is null ? "" : " as a file")}.");
            return;
        }

        try
        {
            if (ElfReader.IsElf(_root.HostPath(file)))
                Elf(path);
            else if (Shebang.Read(_root.HostPath(file)) is { } shebang)
                await ScriptAsync(path, shebang, cancellationToken);
        }
        catch (UnauthorizedAccessException)
        {
            _faults.Add($"{path} can't be read by the user of the job.");
        }
        catch (AhoyException e)
        {
            _faults.Add(e.Message);
        }
    }

    private void Elf(string path)
    {
        var closure = _libraries.Resolve(path);
        if (closure.Objects[0].Elf.Interpreter is { } interpreter && closure.Interpreter is null)
            _faults.Add($"{path} is started by {interpreter}, which is not there.");
        foreach (var use in closure.Uses.Where(use => use.Path is null))
        {
            var through = use.RequestedBy == path ? "" : $" (through {use.RequestedBy})";
            _faults.Add($"{path} needs {use.Name}{through}, which no directory that the loader searches has: {string.Join(", ", use.Searched)}.");
        }

        foreach (var version in closure.MissingVersions)
        {
            var through = version.RequestedBy == path ? "" : $" (through {version.RequestedBy})";
            _faults.Add($"{path} needs version {version.Version} of {version.Library}{through}, which that library does not define: it is older than the one the program was linked with.");
        }
    }

    private async Task ScriptAsync(string path, Shebang shebang, CancellationToken cancellationToken)
    {
        if (_root.File(shebang.Interpreter) is null)
        {
            _faults.Add($"{path} is run by {shebang.Interpreter}, which is not there.");
            return;
        }

        var interpreter = shebang.Command is null ? shebang.Interpreter : _commands.Find(shebang.Command);
        if (interpreter is null)
        {
            _faults.Add($"{path} is run by {shebang.Command}, which is in none of {string.Join(", ", SearchPath)}.");
            return;
        }

        await ProgramAsync(interpreter, cancellationToken);
        if (shebang.Name.StartsWith("python", StringComparison.Ordinal))
            await PythonAsync(path, interpreter, cancellationToken);
    }

    private async Task PythonAsync(string script, string interpreter, CancellationToken cancellationToken)
    {
        if (await PythonInterpreter.FindAsync(_root, interpreter, home: null, cancellationToken) is not { } python)
        {
            _faults.Add($"{script} is run by {interpreter}, around which there is no Python installation.");
            return;
        }

        // Modules from elsewhere are other people's work; what counts is that the user's own files find what they import.
        var graph = PythonGraph.Build(_root, python, script, _ => false);
        foreach (var missing in graph.Missing.Where(missing => missing.Needed))
        {
            _faults.Add($"{missing.By} (line {missing.Import.Line}) imports {missing.Import}, which {interpreter} does not find. {ScriptHints.ForModule(missing.Import.Module)}");
        }

        foreach (var extension in graph.Modules.Where(module => module.Module.Kind == PythonModuleKind.Extension))
        {
            Elf(extension.Module.Path);
        }
    }
}
