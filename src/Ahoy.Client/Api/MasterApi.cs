using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Serialization.Metadata;
using Ahoy.Client.Access;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;

namespace Ahoy.Client.Api;

/// <summary>
/// The master's client API as methods, over one HTTP/2 connection. Calls that may be repeated safely are repeated after transient
/// failures; every failure that remains is an <see cref="AhoyException"/> with the master's code and words.
/// </summary>
internal sealed partial class MasterApi : IDisposable
{
    /// <summary>Seconds that a waiting call may stay at the master: below what firewalls and proxies usually bear.</summary>
    private const int WaitSeconds = 25;

    private readonly HttpClient _http;
    private readonly RetryPolicy _retry;

    private MasterApi(HttpClient http, RetryPolicy retry)
    {
        _http = http;
        _retry = retry;
    }

    /// <summary>"https://host:port".</summary>
    public string Url => _http.BaseAddress!.GetLeftPart(UriPartial.Authority);

    /// <exception cref="AhoyException">The token or the URL is not one.</exception>
    public static MasterApi Create(Credentials credentials) => Create(credentials, RetryPolicy.Default);

    internal static MasterApi Create(Credentials credentials, RetryPolicy retry)
    {
        if (!AccessToken.TryParse(credentials.Token, out var token) || token!.Kind != AccessToken.User)
        {
            throw new AhoyException(
                ErrorCode.Unauthorized,
                "The token is not a user's token of Ahoy (\"ahoy_user_…\"). Copy it completely, or ask the master's manager for a new one: `ahoy token create`.");
        }

        return new MasterApi(Connection(credentials.Url, token), retry);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The scheme may be left out; anything but https is refused, because the token travels with each call.</summary>
    public static Uri ParseUrl(string text)
    {
        var full = text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text;
        if (!Uri.TryCreate(full, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps || url.Host.Length == 0)
            throw new AhoyException(ErrorCode.InvalidRequest, $"\"{text}\" is not a master's address. Write https://HOST:PORT.");
        return new Uri(url.GetLeftPart(UriPartial.Authority));
    }

    private static HttpClient Connection(string url, AccessToken token)
    {
        var handler = PinnedTls.CreateHandler(token.CaFingerprint);
        // Waiting calls and transfers share the connection with everything else.
        handler.InitialHttp2StreamWindowSize = 4 << 20;
        return new HttpClient(handler)
        {
            BaseAddress = ParseUrl(url),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            // Each call has its own bound: a log can be followed for days.
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal()) },
        };
    }

    /// <summary>Repeats a piece of work that picks up where it broke off.</summary>
    public Task<T> RetryAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken) => _retry.RunAsync(work, cancellationToken);

    private Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        _retry.RunAsync(token => CallAsync(() => new HttpRequestMessage(HttpMethod.Get, path), type, token), cancellationToken);

    /// <summary>For calls that have the same effect once or twice.</summary>
    private Task<T> PostAsync<TBody, T>(string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, string? key, CancellationToken cancellationToken) =>
        _retry.RunAsync(token => CallAsync(() => Post(path, body, bodyType, key), type, token), cancellationToken);

    private static HttpRequestMessage Post<TBody>(string path, TBody body, JsonTypeInfo<TBody> bodyType, string? key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = ApiContent.Json(body, bodyType) };
        if (key is not null)
            request.Headers.Add(Routes.IdempotencyKeyHeader, key);
        return request;
    }

    private async Task<T> CallAsync<T>(Func<HttpRequestMessage> make, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(make, cancellationToken);
        return await ApiContent.ReadAsync(response, type, Url, cancellationToken);
    }

    /// <summary>Sends once. The answer's headers are there; its body is still to come.</summary>
    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        using var request = make();
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException && !cancellationToken.IsCancellationRequested)
        {
            throw ApiFailure.Of(e, Url);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // The connection attempt has its own bound.
            throw new AhoyException(ErrorCode.Unavailable, $"The master at {Url} does not answer. Check the address and the network.", e, transient: true);
        }

        if (response.IsSuccessStatusCode)
        {
            _retry.Answered();
            return response;
        }

        using (response)
        {
            throw await ApiFailure.OfAsync(response, Url, cancellationToken);
        }
    }
}
