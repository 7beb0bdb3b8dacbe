using System.Globalization;
using System.Net;

namespace Ahoy.Contracts.Names;

/// <summary>/etc/resolv.conf as far as it matters here: resolv.conf(5).</summary>
public sealed record ResolverConfiguration
{
    private const int Port = 53;
    // As the C library: MAXNS, RES_MAXNDOTS, RES_MAXRETRANS, RES_MAXRETRY.
    private const int MostServers = 3, MostDots = 15, LongestSeconds = 30, MostAttempts = 5;

    /// <summary>Asked in this order.</summary>
    public IReadOnlyList<IPEndPoint> Servers { get; init; } = [new(IPAddress.Loopback, Port)];
    /// <summary>Domains that are appended to short names.</summary>
    public IReadOnlyList<string> Search { get; init; } = [];
    /// <summary>A name with fewer dots is tried with the domains first.</summary>
    public int Dots { get; init; } = 1;
    /// <summary>How long one server may take for an answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>How often all servers are asked.</summary>
    public int Attempts { get; init; } = 2;

    public static ResolverConfiguration Parse(string text)
    {
        var servers = new List<IPEndPoint>();
        var configuration = new ResolverConfiguration();
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith('#') || line.StartsWith(';'))
                continue;
            switch (line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries))
            {
                case ["nameserver", var server, ..] when servers.Count < MostServers && IPAddress.TryParse(server, out var address):
                    servers.Add(new IPEndPoint(address, Port));
                    break;
                // The last of them counts.
                case ["search", .. var domains]:
                    configuration = configuration with { Search = [.. domains.Select(domain => domain.TrimEnd('.')).Where(domain => domain.Length > 0)] };
                    break;
                case ["domain", var domain, ..]:
                    configuration = configuration with { Search = [domain.TrimEnd('.')] };
                    break;
                case ["options", .. var options]:
                    configuration = options.Aggregate(configuration, (all, option) => all.With(option));
                    break;
            }
        }

        return servers.Count == 0 ? configuration : configuration with { Servers = servers };
    }

    /// <summary>The full names that a name may stand for, in the order in which they are asked for.</summary>
    public IEnumerable<string> Candidates(string name)
    {
        if (name.EndsWith('.'))
            return [name.TrimEnd('.')];
        var searched = Search.Select(domain => $"{name}.{domain}");
        return name.Count(c => c == '.') >= Dots ? searched.Prepend(name) : searched.Append(name);
    }

    private ResolverConfiguration With(string option) =>
        option.Split(':') is [var key, var value] && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? key switch
            {
                "ndots" => this with { Dots = Math.Min(number, MostDots) },
                "timeout" => this with { Timeout = TimeSpan.FromSeconds(Math.Clamp(number, 1, LongestSeconds)) },
                "attempts" => this with { Attempts = Math.Clamp(number, 1, MostAttempts) },
                _ => this,
            }
            : this;
}
