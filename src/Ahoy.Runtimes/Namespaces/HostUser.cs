using System.Globalization;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Runtimes.Namespaces;

/// <summary>
/// The user who runs this process, as the host's administrator knows them, for messages. From the files alone: asking the C library
/// would load its name service modules, which a static executable can't rely on.
/// </summary>
internal static class HostUser
{
    /// <summary>The login name, or the number where /etc/passwd has none.</summary>
    public static string Name() =>
        Name(LibC.EffectiveUser(), File.ReadAllText("/proc/self/uid_map"), File.Exists("/etc/passwd") ? File.ReadAllText("/etc/passwd") : "");

    internal static string Name(uint user, string uidMap, string passwd)
    {
        var outside = Outside(user, uidMap).ToString(CultureInfo.InvariantCulture);
        return passwd.Split('\n').Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[2] == outside)?[0] ?? outside;
    }

    /// <summary>Inside a user namespace everybody is root: user_namespaces(7), /proc/PID/uid_map.</summary>
    private static long Outside(uint user, string uidMap)
    {
        foreach (var line in uidMap.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var range = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => long.Parse(number, CultureInfo.InvariantCulture)).ToArray();
            if (user >= range[0] && user < range[0] + range[2])
                return range[1] + user - range[0];
        }

        return user;
    }
}
