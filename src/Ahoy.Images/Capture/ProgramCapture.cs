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
        await AnalyseAsync(path, placement, cancellationToken);
    }

    public async Task CaptureNamedAsync(string path, CancellationToken cancellationToken)
    {
        var host = _root.HostPath(_root.File(path)!);
        if (!ProgramFiles.IsProgram(host))
            throw new AhoyException(ErrorCode.InvalidRequest, $"{path} is no program: neither an ELF file nor a script that begins with \"#!\". Give data with --input, or files for the image with --add.");
        var item = new CaptureItem { Name = Path.GetFileName(path), Kind = CaptureKind.Program, Path = path, Why = ["named by you"], Supply = CaptureSupply.Unmet };
        await TakeAsync(path, item, explicitly: true, cancellationToken);
    }

    /// <summary>A program that a script starts, by a name that PATH has to lead to in the job too.</summary>
    /// <returns>Where it will lie; null when it is not taken along.</returns>
    public async Task<Placement?> CaptureCommandAsync(string path, string? onPathAs, CaptureItem item, CancellationToken cancellationToken)
    {
        var placement = await TakeAsync(path, item, explicitly: false, cancellationToken);
        if (onPathAs is not null && placement is { Supply: CaptureSupply.Copied } && !PathInImage.Contains(Path.GetDirectoryName(placement.Path)!))
            _ledger.Link($"/usr/local/bin/{onPathAs}", placement.Path);
        return placement;
    }

    private async Task<Placement?> TakeAsync(string path, CaptureItem item, bool explicitly, CancellationToken cancellationToken)
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

        if (!explicitly && SecretFiles.Reason(_root.HostPath(_root.File(path)!)) is { } reason)
        {
            _ledger.Add(item with { Supply = CaptureSupply.Refused, Hint = $"Not taken along: {reason}. Name it yourself with --add if the job really needs it." });
            return null;
        }

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

        await AnalyseAsync(path, placement, cancellationToken);
        return placement;
    }

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

    private async Task AnalyseAsync(string path, Placement placement, CancellationToken cancellationToken)
    {
        if (!_done.Add(path))
            return;
        var host = _root.HostPath(_root.File(path)!);
        if (ElfReader.IsElf(host))
            _elf.Capture(path, placement);
        else if (Shebang.Read(host) is { } shebang)
            await _scripts.CaptureAsync(path, placement, shebang, cancellationToken);
    }
}
