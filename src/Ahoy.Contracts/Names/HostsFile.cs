using System.Net;

namespace Ahoy.Contracts.Names;

/// <summary>/etc/hosts: hosts(5).</summary>
internal static class HostsFile
{
    /// <summary>The addresses of a name, in the order of the lines; none when it is not in the file.</summary>
    public static IReadOnlyList<IPAddress> Find(string text, string name)
    {
        var found = new List<IPAddress>();
        foreach (var line in text.Split('\n'))
        {
            var fields = line.Split('#')[0].Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 1 && fields.Skip(1).Contains(name, StringComparer.OrdinalIgnoreCase) && IPAddress.TryParse(fields[0], out var address) && !found.Contains(address))
                found.Add(address);
        }

        return found;
    }
}
