namespace Ahoy.Images.Capture.Scripts;

/// <summary>What a script needs: its interpreter, and by its language the commands or modules that it uses.</summary>
internal sealed class ScriptCapture(ProgramCapture programs, PythonCapture python, CaptureRequest request, RootDirectory root, CaptureLedger ledger)
{
    private static readonly HashSet<string> Shells = ["sh", "bash", "dash", "ksh", "mksh", "zsh", "ash"];

    public async Task CaptureAsync(string script, Placement placement, Shebang shebang, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(script);
        if (shebang.Command is not null)
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
        if (Shells.Contains(shebang.Name))
            await CommandsAsync(script, placement, cancellationToken);
        else if (Path.GetFileName(interpreter) is not ("awk" or "gawk" or "mawk" or "sed"))
            ledger.Note($"{name} is run by {shebang.Name}. The modules that it loads are not analysed: name their packages with --package.");
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

    private async Task CommandsAsync(string script, Placement placement, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(script);
        foreach (var command in ShellScanner.Scan(await File.ReadAllTextAsync(root.HostPath(root.File(script)!), cancellationToken)))
        {
            var isPath = command.Contains('/', StringComparison.Ordinal);
            // A script's relative commands are relative to the directory in which it is started.
            var found = isPath ? root.File(Path.GetFullPath(command, request.Environment.WorkingDirectory)) is null ? null : Path.GetFullPath(command, request.Environment.WorkingDirectory)
                : programs.Search.Find(command);
            if (found is null)
            {
                // It may be a function of a file that is sourced, or in a branch that never runs; but the user should know.
                if (isPath || placement.Supply != CaptureSupply.Copied)
                    ledger.Note($"{name} calls {command}, which is not on this computer.");
                continue;
            }

            if (!root.IsExecutable(found) || found == script)
                continue;
            var item = new CaptureItem { Name = command, Kind = CaptureKind.Command, Path = found, Why = [$"{name} calls {command}"], RequiredBy = script, Supply = CaptureSupply.Unmet };
            await programs.CaptureCommandAsync(found, isPath ? null : command, item, cancellationToken);
        }
    }
}
