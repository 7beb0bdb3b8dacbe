using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Bench;

/// <summary>The master's API as a program uses it that submits many jobs over one connection.</summary>
internal sealed class MasterConnection : IDisposable
{
    private readonly HttpClient _http;

    public MasterConnection((string Url, string Token) login)
    {
        if (!AccessToken.TryParse(login.Token, out var token))
            throw new InvalidOperationException("The login of `ahoy up` holds no token.");
        _http = new HttpClient(PinnedTls.CreateHandler(token!.CaFingerprint))
        {
            BaseAddress = new Uri(login.Url),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", login.Token) },
            Timeout = TimeSpan.FromMinutes(2),
        };
    }

    public Task<JobView> SubmitAsync(JobRequest request) =>
        SendAsync(Submission(Routes.Jobs, JsonSerializer.SerializeToUtf8Bytes(request, AhoyJson.Default.JobRequest)), AhoyJson.Default.JobView);

    public async Task<IReadOnlyList<JobId>> SubmitBatchAsync(IReadOnlyList<JobRequest> requests)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new JobBatch { Jobs = requests }, AhoyJson.Default.JobBatch);
        return (await SendAsync(Submission(Routes.JobsBatch, body), AhoyJson.Default.JobBatchAnswer)).Ids;
    }

    /// <summary>Waits until the job has ended.</summary>
    public async Task<JobView> EndAsync(JobView job)
    {
        while (!job.State.IsTerminal())
        {
            var route = Routes.Fill(Routes.Job, job.Id);
            var message = new HttpRequestMessage(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"{route}?after={job.Version}&wait=25"));
            job = await SendAsync(message, AhoyJson.Default.JobView);
        }

        return job;
    }

    public async Task CancelAsync(JobId job)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, Routes.Fill(Routes.JobCancel, job));
        await SendAsync(message, AhoyJson.Default.JobView);
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage Submission(string route, byte[] body) => new(HttpMethod.Post, route)
    {
        Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        Headers = { { Routes.IdempotencyKeyHeader, Guid.NewGuid().ToString("N") } },
    };

    private async Task<T> SendAsync<T>(HttpRequestMessage message, JsonTypeInfo<T> type)
    {
        using var sent = message;
        message.Version = _http.DefaultRequestVersion;
        message.VersionPolicy = _http.DefaultVersionPolicy;
        using var response = await _http.SendAsync(message);
        var body = await response.Content.ReadAsByteArrayAsync();
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{message.Method} {message.RequestUri} answered {(int)response.StatusCode}: {Encoding.UTF8.GetString(body)}");
        return JsonSerializer.Deserialize(body, type)!;
    }
}
