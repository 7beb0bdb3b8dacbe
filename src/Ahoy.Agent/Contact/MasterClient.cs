using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Agent.Contact;

/// <summary>The agent's calls to the master, over one HTTP/2 connection where the master speaks it. Every failure is an <see cref="AhoyException"/>.</summary>
internal sealed class MasterClient : IDisposable
{
    /// <summary>How much longer than it was asked to wait the master may take for an answer.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http;

    public MasterClient(Uri master, AccessToken token)
        : this(master, token, PinnedTls.CreateHandler(token.CaFingerprint))
    {
    }

    internal MasterClient(Uri master, AccessToken token, HttpMessageHandler handler)
    {
        if (handler is SocketsHttpHandler sockets)
            sockets.EnableMultipleHttp2Connections = true;
        _http = new HttpClient(handler)
        {
            BaseAddress = master,
            // Bulk data takes as long as it takes; calls have their own times.
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
    }

    public async Task<JoinResponse> JoinAsync(JoinRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, Routes.Join) { Content = JsonContent.Create(request, AhoyJson.Default.JoinRequest) };
        return await CallAsync(message, AhoyJson.Default.JoinResponse, AnswerTime, cancellationToken);
    }

    public async Task<ContactResponse> ContactAsync(ContactRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, Routes.Contact) { Content = JsonContent.Create(request, AhoyJson.Default.ContactRequest) };
        return await CallAsync(message, AhoyJson.Default.ContactResponse, AnswerTime + TimeSpan.FromSeconds(request.WaitSeconds), cancellationToken);
    }

    /// <summary>The blob's bytes from <paramref name="offset"/> on. The caller disposes the response.</summary>
    public async Task<HttpResponseMessage> GetBlobAsync(AttemptId attempt, Digest digest, long offset, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, Routes.Fill(Routes.AttemptBlob, attempt.Job, attempt.Number, digest));
        if (offset > 0)
            message.Headers.Range = new RangeHeaderValue(offset, null);
        var response = await SendAsync(message, cancellationToken);
        if (offset == 0 || response.StatusCode == HttpStatusCode.PartialContent)
            return response;
        response.Dispose();
        throw new AhoyException(ErrorCode.OffsetMismatch, $"The master sent blob {digest} from its beginning, though it was asked for from byte {offset}.");
    }

    public async Task<UploadView> GetUploadAsync(AttemptId attempt, Digest digest, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, UploadRoute(attempt, digest));
        return await CallAsync(message, AhoyJson.Default.UploadView, AnswerTime, cancellationToken);
    }

    /// <summary>Sends an output's bytes from <paramref name="offset"/> on, as the content gives them.</summary>
    public async Task<UploadView> PatchUploadAsync(AttemptId attempt, Digest digest, long offset, long size, HttpContent content, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Patch, UploadRoute(attempt, digest)) { Content = content };
        message.Headers.Add(Routes.UploadOffsetHeader, offset.ToString());
        message.Headers.Add(Routes.UploadLengthHeader, size.ToString());
        return await CallAsync(message, AhoyJson.Default.UploadView, Timeout.InfiniteTimeSpan, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static string UploadRoute(AttemptId attempt, Digest digest) =>
        Routes.Fill(Routes.AttemptUpload, attempt.Job, attempt.Number, digest);

    private async Task<T> CallAsync<T>(HttpRequestMessage message, JsonTypeInfo<T> type, TimeSpan time, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(time);
        try
        {
            using var response = await SendAsync(message, limited.Token);
            return await response.Content.ReadFromJsonAsync(type, limited.Token)
                ?? throw new AhoyException(ErrorCode.Internal, $"The master at {_http.BaseAddress} answered {message.Method} {message.RequestUri} with nothing.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AhoyException(ErrorCode.Unavailable, $"The master at {_http.BaseAddress} did not answer within {time.TotalSeconds:0} s.", transient: true);
        }
        catch (JsonException e)
        {
            throw new AhoyException(ErrorCode.Internal, $"The master at {_http.BaseAddress} answered {message.Method} {message.RequestUri} with something else than Ahoy's JSON: {e.Message}", e, transient: true);
        }
        catch (IOException e)
        {
            throw Unreachable(e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // The handler's connect time-out shows as a cancellation that nobody asked for.
            throw Unreachable(e);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e);
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            throw await RefusedAsync(message, response, cancellationToken);
        }
    }

    private AhoyException Unreachable(Exception e) =>
        new(ErrorCode.Unavailable, $"The master at {_http.BaseAddress} can't be reached: {e.InnerException?.Message ?? e.Message}", e, transient: true);

    private async Task<AhoyException> RefusedAsync(HttpRequestMessage message, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        Problem? problem = null;
        if (response.Content.Headers.ContentType?.MediaType is "application/problem+json" or "application/json")
        {
            try
            {
                problem = await response.Content.ReadFromJsonAsync(AhoyJson.Default.Problem, cancellationToken);
            }
            catch (Exception e) when (e is JsonException or IOException or HttpRequestException)
            {
                return new AhoyException(ErrorCode.Internal, $"The master at {_http.BaseAddress} refused {message.Method} {message.RequestUri} with status {(int)response.StatusCode} and an unreadable reason: {e.Message}", e);
            }
        }

        return problem is not null
            ? new AhoyException(problem.Code, problem.Detail, transient: problem.Transient)
            : new AhoyException(
                ErrorCode.Internal,
                $"The server at {_http.BaseAddress} answered {message.Method} {message.RequestUri} with status {(int)response.StatusCode}.",
                transient: (int)response.StatusCode >= 500);
    }
}
