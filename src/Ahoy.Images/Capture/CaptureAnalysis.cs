using Ahoy.Contracts;
using Ahoy.Images.Capture.Elf;
using Ahoy.Images.Capture.Packages;
using Ahoy.Images.Capture.Scripts;

namespace Ahoy.Images.Capture;

/// <summary>Finds out what programs need to run elsewhere, by reading them. Nothing of the user's is run; only a Python interpreter is asked for its module path.</summary>
public sealed class CaptureAnalysis
{
    private readonly CaptureRequest _request;
    private readonly RootDirectory _root;
    private readonly DpkgDatabase _dpkg;
    private readonly SupplyRules _rules;
    private readonly CaptureLedger _ledger;
    private readonly ProgramCapture _programs;

    private CaptureAnalysis(CaptureRequest request)
    {
        _request = request;
        _root = new RootDirectory(request.Root);
        _dpkg = new DpkgDatabase(_root);
        var baseSystem = new BaseSystem(request.Base, OsRelease.Read(_root));
        _rules = new SupplyRules(_root, _dpkg, baseSystem, request.Packages);
        _ledger = new CaptureLedger(_root, baseSystem);
        _programs = new ProgramCapture(request, _root, baseSystem, _rules, _ledger);
        if (!baseSystem.SameRelease && request.Base is not null)
            _ledger.Note($"{baseSystem.Name} is another release than this computer's system: libraries are copied instead of installed as packages, the C library is taken from the base, and whether all fits is verified when the image is built.");
        if (_rules.UnknownPackages.Count > 0)
            _ledger.Note($"Not installed on this computer, so unknown here is what they bring: {string.Join(", ", _rules.UnknownPackages)}.");
    }

    /// <exception cref="AhoyException"><see cref="ErrorCode.NotFound"/> when a named path does not exist, <see cref="ErrorCode.InvalidRequest"/> when it is no program, <see cref="ErrorCode.Forbidden"/> when a file may not be read.</exception>
    public static async Task<CaptureReport> AnalyseAsync(CaptureRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await new CaptureAnalysis(request).RunAsync(cancellationToken);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new AhoyException(ErrorCode.Forbidden, $"A file that the programs need can't be read: {e.Message} Change its permissions, or run as the user who may read it.", e);
        }
    }

    private async Task<CaptureReport> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var added in _request.Added.Where(file => file.HostPath is not null))
        {
            await _programs.CaptureAddedAsync(added, cancellationToken);
        }

        foreach (var path in _request.Paths)
        {
            await NamedAsync(path, cancellationToken);
        }

        if (_request.Command.Count > 0)
            await _programs.CaptureLineAsync(_request.Command, cancellationToken);
        return Report();
    }

    private async Task NamedAsync(string named, CancellationToken cancellationToken)
    {
        var path = _programs.Locate(named);
        if (_root.Directory(path) is { } directory)
        {
            var programs = ProgramFiles.In(_root, path).ToList();
            if (programs.Count == 0)
                throw new AhoyException(ErrorCode.InvalidRequest, $"The directory {named} ({directory}) holds no program: no ELF file and no script that begins with \"#!\".");
            foreach (var program in programs)
            {
                await _programs.CaptureNamedAsync(program, cancellationToken);
            }

            return;
        }

        if (_root.File(path) is null)
            throw new AhoyException(ErrorCode.NotFound, $"{named} does not exist{(named.Contains('/', StringComparison.Ordinal) ? "" : ", neither here nor on PATH")}. Name a program or a directory with programs.");
        await _programs.CaptureNamedAsync(path, cancellationToken);
    }

    private CaptureReport Report() => new()
    {
        Items = _ledger.Items,
        Packages = PackageList.Reduce(_ledger.Items, _dpkg, _rules),
        Files = [.. _ledger.Files],
        Inputs = [.. _ledger.Inputs],
        Programs = [.. _ledger.Programs.Union(_request.Added.Where(ProgramCapture.IsProgram).Select(file => $"/{file.Path}")).Order(StringComparer.Ordinal)],
        Notes = _ledger.Notes,
        Unresolved = _ledger.Open,
    };
}
