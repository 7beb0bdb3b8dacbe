using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ahoy.Contracts;

namespace Ahoy.Client.Api;

/// <summary>Bodies of calls and answers.</summary>
internal static class ApiContent
{
    public static HttpContent Json<T>(T value, JsonTypeInfo<T> type) =>
        new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json", "utf-8") },
        };

    /// <exception cref="AhoyException">The body broke off (transient), or is not what the API says.</exception>
    public static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, string url, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonSerializer.DeserializeAsync(body, type, cancellationToken)
                ?? throw new JsonException("the answer is null");
        }
        catch (JsonException e)
        {
            throw new AhoyException(
                ErrorCode.Internal,
                $"The master at {url} answered {response.RequestMessage?.RequestUri?.AbsolutePath} with something else than expected ({e.Message}). Its version may be too different from this client's: compare `ahoy whoami` and `ahoy --version`.",
                e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw ApiFailure.Of(e, url);
        }
    }
}
