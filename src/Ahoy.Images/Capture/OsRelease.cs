namespace Ahoy.Images.Capture;

/// <summary>ID and VERSION_ID of os-release(5); null where the root has none.</summary>
internal sealed record OsRelease(string? Id, string? Version)
{
    public static OsRelease Read(RootDirectory root)
    {
        if ((root.File("/etc/os-release") ?? root.File("/usr/lib/os-release")) is not { } file)
            return new OsRelease(null, null);
        var lines = File.ReadAllLines(root.HostPath(file));
        return new OsRelease(Value(lines, "ID"), Value(lines, "VERSION_ID"));
    }

    private static string? Value(string[] lines, string key) =>
        lines.FirstOrDefault(line => line.StartsWith($"{key}=", StringComparison.Ordinal))?[(key.Length + 1)..].Trim('"', '\'');
}
