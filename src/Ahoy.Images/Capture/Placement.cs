namespace Ahoy.Images.Capture;

/// <summary>Where a file will lie when the job runs: absolute in the image, or relative to the scratch directory.</summary>
internal sealed record Placement(CaptureSupply Supply, string Path)
{
    /// <summary>The file comes along by itself, so that what it needs must be looked after.</summary>
    public bool Travels => Supply is CaptureSupply.Copied or CaptureSupply.Added or CaptureSupply.Input;

    /// <summary>The place that has the same relation to this file as <paramref name="relative"/> has to its directory; null when it lies outside the scratch directory.</summary>
    public Placement? Beside(string relative)
    {
        var joined = $"/{System.IO.Path.GetDirectoryName(Path)}/{relative}";
        var names = new List<string>();
        foreach (var name in joined.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name == "..")
            {
                if (names.Count == 0)
                    return null;
                names.RemoveAt(names.Count - 1);
            }
            else if (name != ".")
            {
                names.Add(name);
            }
        }

        var path = string.Join('/', names);
        return this with { Path = Supply == CaptureSupply.Input ? path : $"/{path}" };
    }
}
