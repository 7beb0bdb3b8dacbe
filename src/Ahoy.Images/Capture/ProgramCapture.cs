using Ahoy.Contracts;
using Ahoy.Images.Capture.Elf;
using Ahoy.Images.Capture.Scripts;

namespace Ahoy.Images.Capture;

/// <summary>Takes up one program after the other: decides where it comes from, and hands those that travel to the analysis of their kind.</summary>
internal sealed class ProgramCapture
{
    private static readonly HashSet<string> PathInImage = ["/app", "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    private readonly CaptureRequest _request;
    private readonly RootDirectory _root;
    private readonly BaseSystem _base;
    private readonly SupplyRules _rules;
    private readonly CaptureLedger _ledger;
    private readonly ElfCapture _elf;
    private readonly ScriptCapture _scripts;
    private readonly List<string> _kept = [];
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    public ProgramCapture(CaptureRequest request, RootDirectory root, BaseSystem baseSystem, SupplyRules rules, CaptureLedger ledger)
    {
        _request = request;
        _root = root;
        _base = baseSystem;
        _rules = rules;
        _ledger = ledger;
        Search = new CommandSearch(root, request.Environment);
        _elf = new ElfCapture(root, request.Environment, baseSystem, rules, ledger);
        _scripts = new ScriptCapture(this, new PythonCapture(root, request.Environment, rules, ledger, _elf, this), request, root, ledger);
    }

    public CommandSearch Search { get; }

    /// <summary>Absolute path of what the user wrote: a file as named, else a program on PATH.</summary>
    public string Locate(string named)
    {
        var path = Path.GetFullPath(named, _request.Environment.WorkingDirectory);
        return named.Contains('/', StringComparison.Ordinal) || _root.Trace(path) is not null ? path : Search.Find(named) ?? path;
    }

    public static bool IsProgram(CapturedFile file) => file.HostPath is not null && ProgramFiles.IsProgram(file.HostPath);

    public async Task CaptureAddedAsync(CapturedFile added, CancellationToken cancellationToken)
    {
        if (!IsProgram(added))
            return;
        var placement = new Placement(CaptureSupply.Added, $"/{added.Path}");
        var path = _root.IsHost ? added.HostPath! : added.HostPath![_root.HostPath("").Length..];
        _ledger.Add(new CaptureItem { Name = Path.GetFileName(path), Kind = CaptureKind.Program, Path = path, Why = ["named with --add"], Supply = CaptureSupply.Added, Target = placement.Path });
        await AnalyseAsync(path, placement, null, cancellationToken);
    }

    public async Task CaptureNamedAsync(string path, CancellationToken cancellationToken)
    {
        var host = _root.HostPath(_root.File(path)!);
        if (!ProgramFiles.IsProgram(host))
            throw new AhoyException(ErrorCode.InvalidRequest, $"{path} is no program: neither an ELF file nor a script that begins with \"#!\". Give data with --input, or files for the image with --add.");
        var item = new CaptureItem { Name = Path.GetFileName(path), Kind = CaptureKind.Program, Path = path, Why = ["named by you"], Supply = CaptureSupply.Unmet };
        if (Take(path, item, explicitly: true) is { } placement)
            await AnalyseAsync(path, placement, null, cancellationToken);
    }

    /// <summary>What a command line of the user's starts: its first word, or the script that this hands to an interpreter; and what wrappers such as mpirun start.</summary>
    public async Task CaptureLineAsync(IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        var arguments = words.Skip(1).Select(word => new ShellWord(word, word, Literal: true)).ToList();
        if (InterpreterCall.Of(words[0], arguments) is { Script: { } script } && Path.GetFullPath(script.Text, _request.Environment.WorkingDirectory) is var path && _root.File(path) is not null)
        {
            var interpreter = words[0].Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(words[0], _request.Environment.WorkingDirectory) : words[0];
            var item = new CaptureItem { Name = Path.GetFileName(path), Kind = CaptureKind.Program, Path = path, Why = ["named by you"], Supply = CaptureSupply.Unmet };
            if (Take(path, item) is { } placement)
                await AnalyseAsync(path, placement, Shebang.Of(interpreter), cancellationToken);
            return;
        }

        await CaptureNamedAsync(Locate(words[0]), cancellationToken);
        await _scripts.LineAsync(string.Join(' ', words.Select(Quoted)), "The command", cancellationToken);

        // Quoted, an option would not be one to who reads the line.
        static string Quoted(string word) => word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./=+:,".Contains(letter, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    /// <summary>A program that a script starts, by a name that PATH has to lead to in the job too.</summary>
    /// <returns>Where it will lie; null when it is not taken along.</returns>
    public async Task<Placement?> CaptureCommandAsync(string path, string? onPathAs, CaptureItem item, CancellationToken cancellationToken)
    {
        var placement = Take(path, item);
        if (placement is null)
            return null;
        await AnalyseAsync(path, placement, null, cancellationToken);
        var found = placement.Supply != CaptureSupply.Copied || PathInImage.Contains(Path.GetDirectoryName(placement.Path)!);
        if (onPathAs is not null && (!found || Path.GetFileName(path) != onPathAs))
            _ledger.Link($"/usr/local/bin/{onPathAs}", placement.Path);
        return placement;
    }

    /// <summary>Decides where a file comes from, and takes it along when nothing else has it. What it needs itself is another question.</summary>
    /// <returns>Where it will lie; null when it is not taken along.</returns>
    public Placement? Take(string path, CaptureItem item) => Take(path, item, explicitly: false);

    /// <summary>The same for a file whose place is given by who needs it.</summary>
    public Placement? TakeTo(Placement place, string path, CaptureItem item)
    {
        if (IsAddedAt(path, place.Path))
        {
            _ledger.Add(item with { Supply = CaptureSupply.Added, Target = place.Path });
            return place;
        }

        if (IsSecret(path, item))
            return null;
        var placement = place with { Supply = CaptureSupply.Copied };
        _ledger.Carry(path, placement);
        _ledger.Add(item with { Supply = CaptureSupply.Copied, Target = placement.Path });
        return placement;
    }

    private bool IsSecret(string path, CaptureItem item)
    {
        if (SecretFiles.Reason(_root.HostPath(_root.File(path)!)) is not { } reason)
            return false;
        _ledger.Add(item with { Supply = CaptureSupply.Refused, Hint = $"Not taken along: {reason}. Name it yourself with --add if the job really needs it." });
        return true;
    }

    private Placement? Take(string path, CaptureItem item, bool explicitly)
    {
        if (Added(path) is { } added)
        {
            _ledger.Add(item with { Supply = CaptureSupply.Added, Target = added.Path });
            return added;
        }

        if (_rules.For(path) is { } supply)
        {
            _ledger.Add(item with { Supply = supply.Supply, Package = supply.Package });
            if (_root.Place(path) is { } there && _base.SameRelease && item.Kind != CaptureKind.Command)
                _ledger.Verify(_base.RealPath(there));
            return new Placement(supply.Supply, path);
        }

        if (!explicitly && IsSecret(path, item))
            return null;
        var placement = Place(path);
        _ledger.Add(item with { Supply = placement.Supply, Target = placement.Path });
        if (placement.Supply == CaptureSupply.Input)
        {
            _ledger.Carry(path, placement);
        }
        else
        {
            _ledger.CarryInPlace(path);
            _ledger.Verify(placement.Path);
        }

        return placement;
    }

    /// <summary>True when the file will travel with the job.</summary>
    public bool IsInput(string path) => Added(path) is null && _rules.For(path) is null && Place(path).Supply == CaptureSupply.Input;

    /// <summary>Below the working directory: with the job, to the same relative path. Elsewhere: into the image, to the same absolute path.</summary>
    private Placement Place(string path)
    {
        var directory = _request.Environment.WorkingDirectory.TrimEnd('/') + "/";
        return path.StartsWith(directory, StringComparison.Ordinal) && !_kept.Exists(kept => path.StartsWith(kept, StringComparison.Ordinal))
            ? new Placement(CaptureSupply.Input, path[directory.Length..])
            : new Placement(CaptureSupply.Copied, _base.RealPath(_root.Place(path)!));
    }

    /// <summary>What lies below this directory goes into the image at its absolute path, even when it is below the working directory.</summary>
    public void KeepInPlace(string directory) => _kept.Add(directory.TrimEnd('/') + "/");

    private Placement? Added(string path)
    {
        var host = _root.HostPath(_root.File(path)!);
        return _request.Added.FirstOrDefault(file => file.HostPath is not null && (file.HostPath == host || file.HostPath == _root.HostPath(path))) is { } added
            ? new Placement(CaptureSupply.Added, $"/{added.Path}")
            : null;
    }

    /// <summary>True when the user has added this very file, and to this place.</summary>
    public bool IsAddedAt(string path, string target) => _request.Added.Any(file => $"/{file.Path}" == target && file.HostPath is not null && file.HostPath == _root.HostPath(_root.File(path) ?? path));

    /// <param name="path">The file.</param>
    /// <param name="placement">Where it will lie; what the base or a package brings is their affair, and what was added has its turn by itself.</param>
    /// <param name="interpreter">Runs the file as its caller says; null: the file's first bytes tell what it is.</param>
    /// <param name="cancellationToken">Ends a wait for an interpreter that is asked for its module path.</param>
    public async Task AnalyseAsync(string path, Placement placement, Shebang? interpreter, CancellationToken cancellationToken)
    {
        if (!placement.Travels || !_done.Add(path))
            return;
        var host = _root.HostPath(_root.File(path)!);
        if (interpreter is null && ElfReader.IsElf(host))
            _elf.Capture(path, placement);
        else if ((interpreter ?? Shebang.Read(host)) is { } shebang)
            await _scripts.CaptureAsync(path, placement, shebang, cancellationToken);
    }
}
