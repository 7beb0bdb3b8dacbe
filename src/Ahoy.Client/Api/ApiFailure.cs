using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Ahoy.Contracts;

namespace Ahoy.Client.Api;

/// <summary>Turns what went wrong on the way to the master, or at the master, into one kind of exception.</summary>
internal static class ApiFailure
{
    private const int LongestBody = 64 * 1024;

    /// <summary>A call that got no answer, or an answer that broke off.</summary>
    public static AhoyException Of(Exception e, string url)
    {
        for (var cause = e; cause is not null; cause = cause.InnerException)
        {
            // What a request's own content said while it was being sent: a file that changed, for instance.
            if (cause is AhoyException known)
                return known;
            if (cause is AuthenticationException { InnerException: null })
                return new AhoyException(ErrorCode.Unauthorized, cause.Message, e);
            if (cause is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
            {
                return new AhoyException(
                    ErrorCode.Unavailable,
                    $"Nothing answers at {url}. If it is the master of this machine, start it with `ahoy up`; else check the address, or log in to another with `ahoy login URL`.",
                    e,
                    transient: true);
            }

            if (cause is SocketException { SocketErrorCode: SocketError.HostNotFound })
                return new AhoyException(ErrorCode.Unavailable, $"The name in {url} is not known to this machine. Check the address: `ahoy login URL`.", e);
        }

        return new AhoyException(ErrorCode.Unavailable, $"The connection to the master at {url} failed: {e.Message}", e, transient: true);
    }

    /// <summary>An answer that is not a success: the master's problem details (RFC 9457), or whatever a proxy between has put in their place.</summary>
    public static async Task<AhoyException> OfAsync(HttpResponseMessage response, string url, CancellationToken cancellationToken)
    {
        var problem = await ReadProblemAsync(response, cancellationToken);
        if (problem is not null)
            return new AhoyException(problem.Code, problem.Detail, null, problem.Transient);
        var code = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => ErrorCode.Unauthorized,
            HttpStatusCode.Forbidden => ErrorCode.Forbidden,
            HttpStatusCode.NotFound => ErrorCode.NotFound,
            HttpStatusCode.BadRequest => ErrorCode.InvalidRequest,
            >= HttpStatusCode.BadGateway => ErrorCode.Unavailable,
            _ => ErrorCode.Internal,
        };
        var what = $"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri?.AbsolutePath}";
        return new AhoyException(
            code,
            $"{url} answered {what} with {(int)response.StatusCode} {response.ReasonPhrase} and no explanation. Is it an Ahoy master of this version?",
            null,
            transient: code == ErrorCode.Unavailable);
    }

    private static async Task<Problem?> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await response.Content.LoadIntoBufferAsync(LongestBody, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return JsonSerializer.Deserialize(body, AhoyJson.Default.Problem);
        }
        catch (Exception e) when (e is JsonException or HttpRequestException or IOException)
        {
            // No readable explanation came; the caller says so and names the status instead.
            return null;
        }
    }
}
