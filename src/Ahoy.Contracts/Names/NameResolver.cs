using System.Net;
using System.Net.Sockets;

namespace Ahoy.Contracts.Names;

/// <summary>
/// Finds the addresses of host names by /etc/hosts and the name servers of /etc/resolv.conf. The C library is not asked: in a static
/// executable its getaddrinfo loads modules of whatever C library it finds, and crashes with them.
/// </summary>
public sealed class NameResolver
{
    private const int MostAliases = 8;
    /// <summary>Some servers never answer for one of the two kinds of address.</summary>
    private static readonly TimeSpan OtherKind = TimeSpan.FromMilliseconds(300);

    private readonly Func<string> _hosts;
    private readonly Func<ResolverConfiguration> _configuration;

    internal NameResolver(Func<string> hosts, Func<ResolverConfiguration> configuration)
    {
        _hosts = hosts;
        _configuration = configuration;
    }

    /// <summary>Of this computer or container. Its files are read for each name: they change while daemons run.</summary>
    public static NameResolver System { get; } = new(() => ReadIfThere("/etc/hosts"), () => ResolverConfiguration.Parse(ReadIfThere("/etc/resolv.conf")));

    /// <summary>At least one address.</summary>
    /// <exception cref="AhoyException">There is no such name, or nobody answers (<see cref="ErrorCode.Unavailable"/>, transient), in words for people.</exception>
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(name, out var literal))
            return [literal];
        var plain = name.TrimEnd('.');
        if (HostsFile.Find(_hosts(), plain) is { Count: > 0 } listed)
            return listed;
        // RFC 6761, 6.3: it never goes to a server.
        if (plain.Equals("localhost", StringComparison.OrdinalIgnoreCase) || plain.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
            return [IPAddress.Loopback, IPAddress.IPv6Loopback];

        var configuration = _configuration();
        var candidates = configuration.Candidates(name).ToList();
        var known = false;
        AhoyException? failure = null;
        foreach (var candidate in candidates)
        {
            try
            {
                var (exists, addresses) = await AskBothAsync(configuration, candidate, cancellationToken);
                if (addresses.Count > 0)
                    return addresses;
                known |= exists;
            }
            catch (AhoyException e) when (e.Transient)
            {
                // A server that refuses one domain may know the next.
                failure ??= e;
            }
        }

        if (failure is not null)
            throw failure;

        var asked = candidates.Count > 1 ? $" (asked for: {string.Join(", ", candidates)})" : "";
        throw new AhoyException(
            ErrorCode.Unavailable,
            known
                ? $"The name {name} exists but has no address{asked}. Check the name in the address."
                : $"There is no host {name}{asked}: it is neither in /etc/hosts nor known to name server {Words(configuration)} (NXDOMAIN). Check the name in the address.",
            transient: true);
    }

    private static async Task<(bool Exists, IReadOnlyList<IPAddress> Addresses)> AskBothAsync(ResolverConfiguration configuration, string name, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var four = AskAsync(configuration, name, DnsMessage.TypeA, enough.Token);
        var six = AskAsync(configuration, name, DnsMessage.TypeAaaa, enough.Token);
        var first = await Task.WhenAny(four, six);
        if (first.IsCompletedSuccessfully && first.Result.Addresses.Count > 0)
            enough.CancelAfter(OtherKind);
        var answers = new List<DnsMessage>();
        AhoyException? failure = null;
        foreach (var asking in (Task<DnsMessage>[])[six, four])
        {
            try
            {
                answers.Add(await asking);
            }
            catch (AhoyException e)
            {
                failure = e;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The other one has given addresses.
            }
        }

        List<IPAddress> addresses = [.. answers.SelectMany(answer => answer.Addresses)];
        if (addresses.Count == 0 && failure is not null)
            throw failure;
        return (answers.Exists(answer => answer.Code == DnsMessage.Ok), addresses);
    }

    /// <summary>Follows aliases that the server left to us.</summary>
    private static async Task<DnsMessage> AskAsync(ResolverConfiguration configuration, string name, ushort type, CancellationToken cancellationToken)
    {
        var asked = name;
        for (var aliases = 0; aliases <= MostAliases; aliases++)
        {
            var answer = await AskServersAsync(configuration, asked, type, cancellationToken);
            if (answer.Alias is not { } alias || answer.Code != DnsMessage.Ok)
                return answer;
            asked = alias;
        }

        throw new AhoyException(ErrorCode.Unavailable, $"The name {name} stands for a chain of more than {MostAliases} other names (CNAME), or they go round in circles.");
    }

    private static async Task<DnsMessage> AskServersAsync(ResolverConfiguration configuration, string name, ushort type, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        for (var attempt = 0; attempt < configuration.Attempts; attempt++)
        {
            foreach (var server in configuration.Servers)
            {
                using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limited.CancelAfter(configuration.Timeout);
                try
                {
                    var answer = await DnsServer.AskAsync(server, name, type, limited.Token);
                    if (answer.Code is DnsMessage.Ok or DnsMessage.NoSuchName)
                        return answer;
                    faults.Add($"{server.Address} {Words(answer.Code)}");
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    faults.Add($"{server.Address} did not answer within {configuration.Timeout.TotalSeconds:0} s");
                }
                catch (Exception e) when (e is SocketException or IOException)
                {
                    faults.Add($"{server.Address} can't be reached ({e.Message})");
                }
            }
        }

        throw new AhoyException(
            ErrorCode.Unavailable,
            $"The name {name} could not be resolved: {string.Join("; ", faults.Distinct())}. Check the name servers in /etc/resolv.conf.",
            transient: true);
    }

    private static string Words(int code) => code switch
    {
        DnsMessage.ServerFailure => "could not find it out (SERVFAIL)",
        DnsMessage.Refused => "refuses to answer this computer (REFUSED)",
        _ => $"answered with error {code}",
    };

    private static string Words(ResolverConfiguration configuration) => string.Join(", ", configuration.Servers.Select(server => server.Address));

    private static string ReadIfThere(string path) => File.Exists(path) ? File.ReadAllText(path) : "";
}
