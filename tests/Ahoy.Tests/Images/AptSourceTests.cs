using System.Net;
using Ahoy.Contracts;
using Ahoy.Images.Bases;

namespace Ahoy.Tests.Images;

public sealed class AptSourceTests
{
    private static readonly AptSource[] Host = [new("http://mirror/debian", "trixie"), new("http://mirror/debian", "trixie-updates"), new("http://mirror/security", "trixie-security")];

    [Fact]
    public void ParseLines_OneLineFormat_GivesMainSuites()
    {
        const string text = """
            # deb http://commented/debian trixie main
            deb http://mirror/debian/ trixie main contrib # words
            deb [ arch=amd64 signed-by=/k.gpg ] http://mirror/security trixie-security main
            deb-src http://mirror/debian trixie main
            deb http://other/repository stable nonfree
            """;
        Assert.Equal([new("http://mirror/debian", "trixie"), new("http://mirror/security", "trixie-security")], AptSource.ParseLines(text));
    }

    [Fact]
    public void ParseDeb822_Paragraphs_GiveEverySuiteOfEveryUrl()
    {
        const string text = """
            Types: deb deb-src
            # a comment
            URIs: http://mirror/debian
            Suites: trixie
             trixie-updates
            Components: main contrib

            Enabled: no
            Types: deb
            URIs: http://off/debian
            Suites: trixie
            Components: main

            types: deb
            uris: http://mirror/security/
            suites: trixie-security
            components: main
            """;
        Assert.Equal(Host, AptSource.ParseDeb822(text));
    }

    [Fact]
    public async Task Find_SuiteOfThisComputer_TakesItsMirrorsAndTheNewestDate()
    {
        var archive = await FindAsync(new AptBaseRequest { Suite = "trixie" });
        Assert.Equal(Host, archive.Sources);
        Assert.Equal(new DateTimeOffset(2026, 1, 10, 8, 0, 0, TimeSpan.Zero), archive.Date);
    }

    [Fact]
    public async Task Find_OtherSuite_TakesThisComputersMirrorAndOnlySuitesThatExist()
    {
        var archive = await FindAsync(new AptBaseRequest { Suite = "sid" });
        Assert.Equal([new("http://mirror/debian", "sid")], archive.Sources);
    }

    [Fact]
    public async Task Find_OnAComputerWithoutAptSources_AsksForAMirror()
    {
        using var client = new HttpClient(new FakeMirror());
        var error = await Assert.ThrowsAsync<AhoyException>(() => AptArchive.FindAsync(new AptBaseRequest { Suite = "sid" }, [], client, TestContext.Current.CancellationToken));
        Assert.Contains("--mirror", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_NamedMirror_IsTheOnlyOne() =>
        Assert.Equal([new("http://mirror/debian", "trixie")], (await FindAsync(new AptBaseRequest { Suite = "trixie", Mirror = "http://mirror/debian/" })).Sources);

    [Theory]
    [InlineData("nosuch", null, ErrorCode.InvalidRequest, "no suite \"nosuch\"")]
    [InlineData("trixie", "http://down/debian", ErrorCode.Unavailable, "http://down/debian can't be reached")]
    [InlineData("trixie", "ftp://mirror/debian", ErrorCode.InvalidRequest, "http://")]
    [InlineData("trixie", "-o evil", ErrorCode.InvalidRequest, "is no mirror")]
    public async Task Find_NotThere_SaysWhich(string suite, string? mirror, ErrorCode code, string text)
    {
        var error = await Assert.ThrowsAsync<AhoyException>(() => FindAsync(new AptBaseRequest { Suite = suite, Mirror = mirror }));
        Assert.Equal(code, error.Code);
        Assert.Contains(text, error.Message);
    }

    [Theory]
    [InlineData("book worm", "curl")]
    [InlineData("--help", "curl")]
    [InlineData("bookworm", "curl,evil")]
    [InlineData("bookworm", "-o")]
    public async Task Create_NamesThatAreNone_AreRefused(string suite, string package)
    {
        var request = new AptBaseRequest { Suite = suite, Packages = [package] };
        var error = await Assert.ThrowsAsync<AhoyException>(() => AptBase.CreateAsync(request, "/nonexistent", _ => { }, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
    }

    private static async Task<AptArchive> FindAsync(AptBaseRequest request)
    {
        using var client = new HttpClient(new FakeMirror());
        return await AptArchive.FindAsync(request, Host, client, TestContext.Current.CancellationToken);
    }

    private sealed class FakeMirror : HttpMessageHandler
    {
        private static readonly Dictionary<string, string> Releases = new()
        {
            ["http://mirror/debian/dists/trixie/InRelease"] = "Sat, 10 Jan 2026 08:00:00 UTC",
            ["http://mirror/debian/dists/trixie-updates/InRelease"] = "Fri, 09 Jan 2026 08:00:00 UTC",
            ["http://mirror/security/dists/trixie-security/InRelease"] = "Thu, 08 Jan 2026 08:00:00 UTC",
            ["http://mirror/debian/dists/sid/InRelease"] = "Thu, 08 Jan 2026 08:00:00 UTC",
        };

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.Host == "down")
                throw new HttpRequestException("Connection refused");
            return Task.FromResult(Releases.TryGetValue(request.RequestUri.ToString(), out var date)
                ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent($"Origin: Debian\nDate: {date}\n") }
                : new HttpResponseMessage(HttpStatusCode.NotFound));
        }
    }
}
