namespace Ahoy.Images.Capture;

/// <summary>What programs need, why, and how it is met.</summary>
public sealed record CaptureReport
{
    /// <summary>Everything that was found to be needed, in the order of finding.</summary>
    public required IReadOnlyList<CaptureItem> Items { get; init; }
    /// <summary>Packages to install in the image; of those that bring each other along only the ones on top.</summary>
    public required IReadOnlyList<CapturedPackage> Packages { get; init; }
    /// <summary>Files to put into the image (the request's added files are not repeated), sorted by path, each path once.</summary>
    public required IReadOnlyList<CapturedFile> Files { get; init; }
    /// <summary>Files that travel with the job.</summary>
    public required IReadOnlyList<CapturedInput> Inputs { get; init; }
    /// <summary>Absolute paths in the image that must exist there and be able to load all that they need.</summary>
    public required IReadOnlyList<string> Programs { get; init; }
    /// <summary>What the user should know, a sentence each.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>What could not be followed by reading, a sentence each: needs behind it are not in this report.</summary>
    public IReadOnlyList<string> Unresolved { get; init; } = [];

    /// <summary>Needs that nothing meets: the programs will not run, or not fully.</summary>
    public IEnumerable<CaptureItem> Unmet => Items.Where(item => item.Supply is CaptureSupply.Unmet or CaptureSupply.Refused);
}
