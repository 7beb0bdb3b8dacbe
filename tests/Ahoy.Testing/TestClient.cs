using System.Formats.Tar;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Testing;

/// <summary>Somebody with a token who calls the master, byte for byte as the routes say: no retries, nothing hidden.</summary>
public sealed class TestClient : IDisposable
{
    public TestClient(Uri url, string? token, string fingerprint)
    {
        Token = token;
        Http = new HttpClient(PinnedTls.CreateHandler(fingerprint))
        {
            BaseAddress = url,
            Timeout = TimeSpan.FromSeconds(60),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (token is not null)
            Http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + token);
    }

    public string? Token { get; }
    public HttpClient Http { get; }

    public Task<T> GetAsync<T>(string path) => CallAsync<T>(new HttpRequestMessage(HttpMethod.Get, path));

    public Task<TAnswer> PostAsync<TBody, TAnswer>(string path, TBody body) =>
        CallAsync<TAnswer>(new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body) });

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json) =>
        Http.SendAsync(new HttpRequestMessage(method, path) { Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json") });

    /// <summary>Makes a call that must be refused.</summary>
    /// <exception cref="InvalidOperationException">It was not refused, or not with problem details.</exception>
    public async Task<Problem> RefusedAsync(HttpMethod method, string path, string? json)
    {
        using var response = await SendAsync(method, path, json);
        return await ProblemAsync(response);
    }

    public Task<JobView> SubmitAsync(JobRequest request) => SubmitAsync(request, key: null);

    public Task<JobView> SubmitAsync(JobRequest request, string? key) => PostAsync<JobRequest, JobView>(Routes.Jobs, request, key);

    public async Task<IReadOnlyList<JobId>> SubmitBatchAsync(IReadOnlyList<JobRequest> requests, string? key) =>
        (await PostAsync<JobBatch, JobBatchAnswer>(Routes.JobsBatch, new JobBatch { Jobs = requests }, key)).Ids;

    public Task<JobView> JobAsync(JobId id) => GetAsync<JobView>(Routes.Fill(Routes.Job, id));

    /// <summary>The job, once it is as the test waits for; follows its versions as the real client does.</summary>
    public async Task<JobView> JobAsync(JobId id, Func<JobView, bool> until)
    {
        var job = await JobAsync(id);
        while (!until(job))
        {
            var before = job;
            job = await GetAsync<JobView>(string.Create(CultureInfo.InvariantCulture, $"{Routes.Fill(Routes.Job, id)}?after={job.Version}&wait=20"));
            if (job.Version == before.Version)
                throw new TimeoutException($"Job {id} stays {job.State}.");
        }

        return job;
    }

    public Task<JobView> CancelAsync(JobId id) => CallAsync<JobView>(new HttpRequestMessage(HttpMethod.Post, Routes.Fill(Routes.JobCancel, id)));

    public async Task<byte[]> OutputAsync(JobId id, string path)
    {
        using var response = await Http.GetAsync(new Uri(Routes.Fill(Routes.JobOutput, id, path), UriKind.Relative));
        return response.IsSuccessStatusCode ? await response.Content.ReadAsByteArrayAsync() : throw Error(await ProblemAsync(response));
    }

    public async Task<string> LogAsync(JobId id, LogStream stream)
    {
        using var response = await Http.GetAsync(new Uri(Routes.Fill(Routes.JobLog, id, stream == LogStream.Stdout ? "stdout" : "stderr"), UriKind.Relative));
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : throw Error(await ProblemAsync(response));
    }

    public async Task<IReadOnlyList<Digest>> MissingAsync(params Digest[] digests) =>
        (await PostAsync<BlobQuery, BlobAnswer>(Routes.BlobsMissing, new BlobQuery { Digests = digests })).Missing;

    public Task<UploadView> UploadAsync(byte[] bytes) => UploadAsync(Routes.Fill(Routes.Upload, Digest.Of(bytes)), 0, bytes.Length, new ByteArrayContent(bytes));

    /// <summary>PATCHes one piece of an upload.</summary>
    public Task<UploadView> UploadAsync(string path, long offset, long length, HttpContent piece)
    {
        var message = new HttpRequestMessage(HttpMethod.Patch, path) { Content = piece };
        message.Headers.Add(Routes.UploadOffsetHeader, offset.ToString(CultureInfo.InvariantCulture));
        message.Headers.Add(Routes.UploadLengthHeader, length.ToString(CultureInfo.InvariantCulture));
        return CallAsync<UploadView>(message);
    }

    /// <summary>Sends blobs in one tar, each under the name that it is given with.</summary>
    public async Task UploadBatchAsync(params (Digest Name, byte[] Bytes)[] blobs)
    {
        using var response = await Http.PostAsync(new Uri(Routes.BlobsBatch, UriKind.Relative), new ByteArrayContent(Batch(blobs)));
        if (!response.IsSuccessStatusCode)
            throw Error(await ProblemAsync(response));
    }

    public static byte[] Batch(params (Digest Name, byte[] Bytes)[] blobs)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var blob in blobs)
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, blob.Name.Hex) { DataStream = new MemoryStream(blob.Bytes) });
        }

        return bytes.ToArray();
    }

    public static ByteArrayContent Json<T>(T body) =>
        new(JsonSerializer.SerializeToUtf8Bytes(body, Type<T>())) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    /// <summary>The problem in a response that must be one.</summary>
    public static async Task<Problem> ProblemAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
            throw new InvalidOperationException($"The answer {(int)response.StatusCode} holds no problem details: {text}");
        var problem = JsonSerializer.Deserialize(text, AhoyJson.Default.Problem)!;
        return problem.Status == (int)response.StatusCode ? problem : throw new InvalidOperationException($"The answer {(int)response.StatusCode} says of itself {problem.Status}.");
    }

    public void Dispose() => Http.Dispose();

    private async Task<T> CallAsync<T>(HttpRequestMessage message)
    {
        using (message)
        {
            using var response = await Http.SendAsync(message);
            if (!response.IsSuccessStatusCode)
                throw Error(await ProblemAsync(response));
            return JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), Type<T>())!;
        }
    }

    private Task<TAnswer> PostAsync<TBody, TAnswer>(string path, TBody body, string? key)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body) };
        if (key is not null)
            message.Headers.Add(Routes.IdempotencyKeyHeader, key);
        return CallAsync<TAnswer>(message);
    }

    private static JsonTypeInfo<T> Type<T>() => (JsonTypeInfo<T>)AhoyJson.Default.GetTypeInfo(typeof(T))!;

    private static AhoyException Error(Problem problem) => new(problem.Code, problem.Detail, transient: problem.Transient);
}
