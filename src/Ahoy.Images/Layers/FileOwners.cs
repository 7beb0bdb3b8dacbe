using System.Globalization;

namespace Ahoy.Images.Layers;

/// <summary>What this process may do with the owners of files.</summary>
/// <param name="Keep">True when it is root with more than one user id: real root, or root of a user namespace with a range of ids (man user_namespaces(7)).</param>
/// <param name="RealRoot">True when it is root of the initial user namespace: then overlayfs reads its attributes under "trusted.", else ("userxattr") under "user.".</param>
internal sealed record FileOwners(bool Keep, bool RealRoot)
{
    private const string IdMap = "/proc/self/uid_map";
    private const long AllIds = 4294967295;

    public string OpaqueAttribute => RealRoot ? "trusted.overlay.opaque" : "user.overlay.opaque";

    public static FileOwners OfThisProcess() => Read(Posix.EffectiveUser(), File.ReadAllText(IdMap));

    internal static FileOwners Read(uint effectiveUser, string idMap)
    {
        var ids = idMap.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Sum(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture));
        return new FileOwners(effectiveUser == 0 && ids > 1, effectiveUser == 0 && ids == AllIds);
    }
}
