namespace Ahoy.Images.Layers;

/// <summary>Turns the upper directory of an overlay mount into an OCI layer.</summary>
public static class OverlayDiff
{
    /// <summary>
    /// Writes what <paramref name="upper"/> holds as an uncompressed tar: sorted, times cut to <paramref name="time"/>, overlayfs's
    /// whiteouts as ".wh." files, without sockets and without the paths in <paramref name="excluded"/> (relative, "var/log").
    /// </summary>
    public static Task WriteAsync(string upper, Stream tar, DateTimeOffset time, IReadOnlySet<string> excluded, CancellationToken cancellationToken) =>
        throw new NotImplementedException();
}
