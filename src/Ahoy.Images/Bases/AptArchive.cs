using System.Globalization;
using System.Net;
using Ahoy.Contracts;

namespace Ahoy.Images.Bases;

/// <summary>The apt archive that a base image is made from: which suites of which mirror, and how old they are.</summary>
/// <param name="Sources">The suite itself and its updates.</param>
/// <param name="Date">When the newest of them was made: an unchanged archive gives the same image.</param>
internal sealed record AptArchive(IReadOnlyList<AptSource> Sources, DateTimeOffset Date)
{
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/> for a suite that the mirror does not have; transient <see cref="ErrorCode.Unavailable"/> when it can't be reached.</exception>
    public static async Task<AptArchive> FindAsync(AptBaseRequest request, IReadOnlyList<AptSource> host, HttpClient client, CancellationToken cancellationToken)
    {
        var sources = new List<AptSource>();
        var date = DateTimeOffset.UnixEpoch;
        foreach (var source in Candidates(request, host))
        {
            var made = await MadeAsync(source, client, cancellationToken);
            if (made is null && source.Suite == request.Suite)
                throw new AhoyException(ErrorCode.InvalidRequest, $"The mirror {source.Url} has no suite \"{request.Suite}\". Name one that it has, for instance bookworm or trixie, or another mirror with --mirror.");
            if (made is null)
                continue; // Updates and security exist for released suites only.
            sources.Add(source);
            date = made > date ? made.Value : date;
        }

        return new AptArchive(sources, date);
    }

    private static IEnumerable<AptSource> Candidates(AptBaseRequest request, IReadOnlyList<AptSource> host)
    {
        if (request.Mirror is not null)
            return [new AptSource(request.Mirror.TrimEnd('/'), request.Suite)];
        string[] suites = [request.Suite, request.Suite + "-updates", request.Suite + "-security"];
        if (host.Any(source => source.Suite == request.Suite))
            return host.Where(source => suites.Contains(source.Suite)).Distinct().OrderBy(source => Array.IndexOf(suites, source.Suite));

        // Another suite of the same distribution lies on the same mirrors.
        var main = host.FirstOrDefault(source => !source.Suite.Contains('-', StringComparison.Ordinal))
            ?? throw new AhoyException(ErrorCode.InvalidRequest, $"This computer's apt sources name no mirror for {request.Suite}. Name one with --mirror URL.");
        var security = host.FirstOrDefault(source => source.Suite.EndsWith("-security", StringComparison.Ordinal)) ?? main;
        return [main with { Suite = suites[0] }, main with { Suite = suites[1] }, security with { Suite = suites[2] }];
    }

    /// <summary>The date in the suite's InRelease file (wiki.debian.org/DebianRepository/Format); null when the mirror has no such suite.</summary>
    private static async Task<DateTimeOffset?> MadeAsync(AptSource source, HttpClient client, CancellationToken cancellationToken)
    {
        var url = $"{source.Url}/dists/{source.Suite}/InRelease";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new AhoyException(ErrorCode.InvalidRequest, $"\"{source.Url}\" is no mirror: give a URL that begins with http:// or https://.");
        try
        {
            using var response = await client.GetAsync(address, cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound)
                return null;
            response.EnsureSuccessStatusCode();
            return ParseDate(await response.Content.ReadAsStringAsync(cancellationToken), url);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e.Message, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable($"no answer within {client.Timeout.TotalSeconds:0} s", e);
        }

        AhoyException Unreachable(string reason, Exception e) =>
            new(ErrorCode.Unavailable, $"The mirror {source.Url} can't be reached: {reason.TrimEnd('.')}. Check the network (and http_proxy), or name another mirror with --mirror.", e, transient: true);
    }

    private static DateTimeOffset ParseDate(string release, string url)
    {
        var line = release.Split('\n').FirstOrDefault(line => line.StartsWith("Date: ", StringComparison.Ordinal));
        return line is not null && DateTimeOffset.TryParseExact(line[6..].Trim(), "ddd, dd MMM yyyy HH:mm:ss 'UTC'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? date
            : throw new AhoyException(ErrorCode.InvalidRequest, $"{url} is no release file of an apt archive: it has no date.");
    }
}
