using Ahoy.Client.Output;
using Ahoy.Contracts.Images;
using Ahoy.Images.Capture;

namespace Ahoy.Client.Builds;

/// <summary>Asks capture what programs of this machine need.</summary>
internal static class NeedsAnalysis
{
    /// <param name="paths">Programs and directories, as the user wrote them.</param>
    /// <param name="command">A command line to run, or empty.</param>
    /// <param name="added">What the user puts into the image; its programs' needs are found, too.</param>
    /// <param name="contents">What the base holds; null when there is none.</param>
    public static Task<CaptureReport> RunAsync(
        ClientContext context,
        IReadOnlyList<string> paths,
        IReadOnlyList<string> command,
        ImageContents? contents,
        IReadOnlyList<CapturedFile> added,
        IReadOnlyList<string> packages,
        CancellationToken cancellationToken)
    {
        var request = new CaptureRequest
        {
            Paths = paths,
            Command = command,
            Environment = CaptureEnvironment.Current() with { WorkingDirectory = context.WorkingDirectory },
            Base = contents,
            Added = added,
            Packages = packages,
        };
        return CaptureAnalysis.AnalyseAsync(request, cancellationToken);
    }

    /// <summary>Tells the user what nothing supplies, and what could not be followed. It is no error yet: a program may never come to what it lacks, and the master verifies what it builds.</summary>
    public static void WarnOfUnmet(Terminal terminal, CaptureReport report)
    {
        foreach (var item in report.Unmet)
        {
            var why = item.Why.Count > 0 ? $" ({item.Why[0]})" : "";
            terminal.Note($"ahoy: warning: {(item.Supply == CaptureSupply.Refused ? "not taken along" : "not found")}: {item.Name}{why}. {item.Hint}".TrimEnd());
        }

        foreach (var sentence in report.Unresolved)
        {
            terminal.Note($"ahoy: note: {sentence}");
        }
    }
}
