using Ahoy.Images.Capture.Packages;

namespace Ahoy.Images.Capture;

/// <summary>Turns needs that packages meet into the shortest list of packages to install.</summary>
internal static class PackageList
{
    public static IReadOnlyList<CapturedPackage> Reduce(IReadOnlyList<CaptureItem> items, DpkgDatabase dpkg, SupplyRules rules)
    {
        var reasons = items
            .Where(item => item is { Supply: CaptureSupply.Package, Package: not null } && !rules.IsNamed(item.Package))
            .GroupBy(item => item.Package!, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.SelectMany(item => item.Why).Distinct().ToList(), StringComparer.Ordinal);
        var closures = reasons.Keys.ToDictionary(name => name, dpkg.Closure, StringComparer.Ordinal);
        // Packages may depend on each other; then the first by name stays.
        bool Covers(string one, string other) =>
            one != other && closures[one].Contains(other) && (!closures[other].Contains(one) || string.CompareOrdinal(one, other) < 0);
        return
        [
            .. from name in reasons.Keys.Order(StringComparer.Ordinal)
               where !reasons.Keys.Any(other => Covers(other, name))
               select new CapturedPackage
               {
                   Name = name,
                   Version = dpkg.Packages.GetValueOrDefault(name)?.Version ?? "",
                   Why = reasons[name],
                   Brings = [.. reasons.Keys.Where(other => Covers(name, other)).Order(StringComparer.Ordinal)],
               },
        ];
    }
}
