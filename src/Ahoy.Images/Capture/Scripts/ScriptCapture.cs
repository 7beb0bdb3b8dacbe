namespace Ahoy.Images.Capture.Scripts;

/// <summary>What a script needs: its interpreter, and by its language the commands or modules that it uses.</summary>
internal sealed class ScriptCapture(ProgramCapture programs, PythonCapture python, CaptureRequest request, RootDirectory root, CaptureLedger ledger)
{
    public async Task CaptureAsync(string script, Placement placement, Shebang shebang, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(script);
        if (shebang.Command is not null && shebang.Interpreter.Length > 0)
            await InterpreterAsync(shebang.Interpreter, null, $"{name} begins with #!{shebang.Interpreter}", script, cancellationToken);
        if (shebang.Name.StartsWith("python", StringComparison.Ordinal))
        {
            await python.CaptureAsync(script, placement, shebang, cancellationToken);
            return;
        }

        var interpreter = shebang.Command is null ? shebang.Interpreter : programs.Search.Find(shebang.Command);
        if (interpreter is null || root.File(interpreter) is null)
        {
            Missing(shebang, script);
            return;
        }

        await InterpreterAsync(interpreter, shebang.Command, $"{name} is run by it", script, cancellationToken);
        if (InterpreterCall.IsShell(shebang.Name))
            await ShellAsync(script, placement, cancellationToken);
        else if (Path.GetFileName(interpreter) is not ("awk" or "gawk" or "mawk" or "sed"))
            ledger.Unresolved($"{name} is run by {shebang.Name}. The modules that it loads are not analysed: name their packages with --package.");
    }

    public void Missing(Shebang shebang, string script) => Missing(ledger, shebang, script);

    public static void Missing(CaptureLedger ledger, Shebang shebang, string script) => ledger.Add(new CaptureItem
    {
        Name = shebang.Command ?? shebang.Interpreter,
        Kind = CaptureKind.Interpreter,
        Why = [$"{Path.GetFileName(script)} is run by it"],
        RequiredBy = script,
        Supply = CaptureSupply.Unmet,
        Hint = ScriptHints.ForInterpreter(shebang.Name),
    });

    private async Task InterpreterAsync(string path, string? onPathAs, string why, string script, CancellationToken cancellationToken)
    {
        if (root.File(path) is null)
        {
            Missing(new Shebang { Interpreter = path }, script);
            return;
        }

        var item = new CaptureItem { Name = path, Kind = CaptureKind.Interpreter, Path = path, Why = [why], RequiredBy = script, Supply = CaptureSupply.Unmet };
        await programs.CaptureCommandAsync(path, onPathAs, item, cancellationToken);
    }

    /// <summary>A command line that is no script of its own: the words as the user typed them, or the text after "sh -c".</summary>
    public Task LineAsync(string text, string name, CancellationToken cancellationToken) =>
        CommandsAsync(ShellScanner.Scan(text), [], new Caller(name, null, null), cancellationToken);

    private async Task ShellAsync(string script, Placement placement, CancellationToken cancellationToken)
    {
        // First all files that become one script: each may define functions that another calls.
        var parts = new List<(ShellScript Script, Caller Caller)>();
        var functions = new HashSet<string>(StringComparer.Ordinal);
        var pending = new Queue<(string Path, Placement Placement)>([(script, placement)]);
        var read = new HashSet<string>(StringComparer.Ordinal);
        var open = false;
        while (pending.TryDequeue(out var part))
        {
            if (!read.Add(part.Path))
                continue;
            var caller = new Caller(Path.GetFileName(part.Path), part.Path, part.Placement);
            var scanned = ShellScanner.Scan(await File.ReadAllTextAsync(root.HostPath(root.File(part.Path)!), cancellationToken));
            parts.Add((scanned, caller));
            functions.UnionWith(scanned.Functions);
            foreach (var command in scanned.Commands.Where(command => command.IsSource))
            {
                var sourced = Sourced(command, caller);
                open |= sourced is null;
                if (sourced is { Placement.Travels: true } file)
                    pending.Enqueue(file);
            }
        }

        foreach (var (scanned, caller) in parts)
        {
            await CommandsAsync(scanned, functions, caller with { HasOpenSource = open }, cancellationToken);
        }
    }

    /// <summary>The file that ". FILE" reads: relative to the directory in which the script is started; without a slash on PATH (POSIX, "dot"), then there (bash).</summary>
    private (string Path, Placement Placement)? Sourced(ShellCommand command, Caller by)
    {
        if (command.Arguments is not [var word, ..])
            return null;
        if (!word.Literal)
        {
            ledger.Unresolved($"{by.Name} reads a file whose name is known only when it runs: {command}. Give that file with --input.");
            return null;
        }

        var found = word.Text.Contains('/', StringComparison.Ordinal) ? null
            : request.Environment.SearchPath.Select(directory => $"{directory.TrimEnd('/')}/{word.Text}").FirstOrDefault(path => root.File(path) is not null);
        if ((found ?? Here(word.Text, by)) is not { } path)
        {
            ledger.Unresolved($"{by.Name} reads {word.Raw}, which is not on this computer.");
            return null;
        }

        if (LeftBehind(word.Text, path, by))
            return null;
        var item = new CaptureItem { Name = word.Raw, Kind = CaptureKind.Module, Path = path, Why = [$"{by.Name} reads it"], RequiredBy = by.Path, Supply = CaptureSupply.Unmet };
        return Take(word.Text, path, item, by) is { } placement ? (path, placement) : null;
    }

    private async Task CommandsAsync(ShellScript script, HashSet<string> functions, Caller by, CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var command in script.Commands.Where(command => !command.IsSource && !functions.Contains(command.Name.Text)))
        {
            if (!command.Name.Literal || command.Name.Text == "eval")
            {
                ledger.Unresolved($"{by.Name} calls what is known only when it runs: {command}. What that needs is to be named with --package, --add or --input.");
                continue;
            }

            if (InterpreterCall.Of(command.Name.Text, command.Arguments) is { } call && await InterpretedAsync(command, call, by, cancellationToken))
                continue;
            if (seen.Add(command.Name.Text))
                await ProgramAsync(command.Name, by, cancellationToken);
        }
    }

    /// <returns>False when the interpreter's own needs are still to be looked at.</returns>
    private async Task<bool> InterpretedAsync(ShellCommand command, InterpreterCall call, Caller by, CancellationToken cancellationToken)
    {
        if (call.Inline is { Literal: true } text)
        {
            await LineAsync(text.Text, by.Name, cancellationToken);
        }
        else if (call.Script is { Literal: false } || call.Inline is not null || call.Other is not null)
        {
            ledger.Unresolved($"{by.Name} calls {command}: what that program needs can't be read from a file. Name its packages with --package and its files with --input.");
        }
        else if (call.Script is { } script)
        {
            if (Here(script.Text, by) is not { } path)
            {
                ledger.Unresolved($"{by.Name} calls {command}, but {script.Raw} is not on this computer.");
                return false;
            }

            if (LeftBehind(script.Text, path, by))
                return false;
            var item = new CaptureItem { Name = script.Raw, Kind = CaptureKind.Command, Path = path, Why = [$"{by.Name} calls {command}"], RequiredBy = by.Path, Supply = CaptureSupply.Unmet };
            if (Take(script.Text, path, item, by) is { } placement)
                await programs.AnalyseAsync(path, placement, Shebang.Of(Interpreter(command.Name.Text)), cancellationToken);
            return true;
        }

        return false;
    }

    private async Task ProgramAsync(ShellWord name, Caller by, CancellationToken cancellationToken)
    {
        var command = name.Text;
        var isPath = command.Contains('/', StringComparison.Ordinal);
        // A script's relative commands are relative to the directory in which it is started.
        var found = isPath ? Here(command, by) : programs.Search.Find(command);
        if (found is null)
        {
            // It may be in a branch that never runs; but the user should know.
            if (isPath || by.Placement?.Supply != CaptureSupply.Copied)
                ledger.Unresolved($"{by.Name} calls {name.Raw}, which is not on this computer{(by.HasOpenSource ? ", unless it is a function of a file that could not be followed" : "")}.");
            return;
        }

        if (!root.IsExecutable(found) || found == by.Path || (isPath && LeftBehind(command, found, by)))
            return;
        var item = new CaptureItem { Name = isPath ? name.Raw : command, Kind = CaptureKind.Command, Path = found, Why = [$"{by.Name} calls {name.Raw}"], RequiredBy = by.Path, Supply = CaptureSupply.Unmet };
        if (!isPath)
            await programs.CaptureCommandAsync(found, command, item, cancellationToken);
        else if (Take(command, found, item, by) is { } placement)
            await programs.AnalyseAsync(found, placement, null, cancellationToken);
    }

    /// <summary>What a script names by its own directory has to lie beside it, also when the user has put the script elsewhere.</summary>
    private Placement? Take(string word, string path, CaptureItem item, Caller by) =>
        word.StartsWith(ShellScanner.OwnDirectory) && by.Placement is { Supply: CaptureSupply.Added } placement && placement.Beside(word[1..].TrimStart('/')) is { } beside
            ? programs.TakeTo(beside, path, item)
            : programs.Take(path, item);

    /// <summary>A script in the image that names a file relative to where it is started can't bring that file: it has to be there as the job's input.</summary>
    private bool LeftBehind(string word, string path, Caller by)
    {
        if (by.Placement is null or { Supply: CaptureSupply.Input } || word.StartsWith('/') || word.StartsWith(ShellScanner.OwnDirectory) || !programs.IsInput(path))
            return false;
        ledger.Unresolved($"{by.Name} uses {word}, relative to the directory in which it is started: give it to the job with --input.");
        return true;
    }

    private string Interpreter(string name) =>
        name.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(name, request.Environment.WorkingDirectory) : name;

    /// <summary>The absolute path of a file as a script names it: relative to where scripts are started, or to the script itself; null when it is not there.</summary>
    private string? Here(string name, Caller by)
    {
        var path = name.StartsWith(ShellScanner.OwnDirectory)
            ? Path.GetFullPath(name[1..].TrimStart('/'), Path.GetDirectoryName(by.Path) ?? request.Environment.WorkingDirectory)
            : Path.GetFullPath(name, request.Environment.WorkingDirectory);
        return root.File(path) is not null ? path : null;
    }

    /// <param name="Name">As reports call it.</param>
    /// <param name="Path">Of the script; null for a command line.</param>
    /// <param name="Placement">Where the script will lie; null for a command line.</param>
    private sealed record Caller(string Name, string? Path, Placement? Placement)
    {
        /// <summary>It reads a file that could not be followed, and whose functions are not known.</summary>
        public bool HasOpenSource { get; init; }
    }
}
