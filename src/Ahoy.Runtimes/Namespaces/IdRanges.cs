using System.Globalization;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Runtimes.Namespaces;

/// <summary>Reads what user namespace this process is in: user_namespaces(7), /proc/PID/uid_map.</summary>
internal static class IdRanges
{
    private const long AllIds = uint.MaxValue;
    // Enough for every system user of a distribution and the container's own 1000; "nobody" is 65534.
    private const long UsefulIds = 65534;

    public static IdRange OfThisProcess() =>
        LibC.EffectiveUser() == 0 ? Parse(File.ReadAllText("/proc/self/uid_map")) : IdRange.Ordinary;

    internal static IdRange Parse(string uidMap)
    {
        var count = uidMap.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Sum(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture));
        return count >= AllIds ? IdRange.All : count >= UsefulIds ? IdRange.Range : IdRange.Single;
    }
}
