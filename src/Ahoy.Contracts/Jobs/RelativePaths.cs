namespace Ahoy.Contracts.Jobs;

/// <summary>The one check of paths that come from elsewhere and are joined to a directory here.</summary>
public static class RelativePaths
{
    /// <summary>Refuses what could leave the directory that it is joined to: absolute paths, "..", empty names, NUL.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/>.</exception>
    public static string Check(string path, string what)
    {
        if (path.Length is 0 or > 4096 || path.Contains('\0', StringComparison.Ordinal) || path[0] == '/' || path[^1] == '/')
            throw Refused(path, what);
        foreach (var name in path.Split('/'))
        {
            if (name is "" or "." or ".." || name.Length > 255)
                throw Refused(path, what);
        }

        return path;
    }

    private static AhoyException Refused(string path, string what) =>
        new(ErrorCode.InvalidRequest, $"The {what} path \"{path}\" is not usable. It must be relative, with plain names between single slashes: no \"..\", no leading or trailing slash.");
}
