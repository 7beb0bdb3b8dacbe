using Ahoy.Contracts;

namespace Ahoy.Master.Builds;

/// <summary>The form of package names that are handed to apt: Debian policy, 5.6.1, with an optional architecture and version.</summary>
internal static class PackageName
{
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/>; apt would take "-o…" or "/etc/x.deb" for something else than a name.</exception>
    public static string Check(string name)
    {
        var ok = name.Length is > 1 and <= 200 && (char.IsAsciiLetterLower(name[0]) || char.IsAsciiDigit(name[0]));
        foreach (var c in name)
        {
            ok &= char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.' or ':' or '=' or '~';
        }

        // "name-" asks apt to remove a package, "name+" to install it.
        return ok && name[^1] != '-'
            ? name
            : throw new AhoyException(ErrorCode.InvalidRequest, $"\"{name}\" is not a package name. Write a name such as python3-numpy, or name=version.");
    }
}
