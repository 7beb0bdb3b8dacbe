using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ahoy.Client.Access;
using Ahoy.Client.Api;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Ahoy.Tests.Client;

/// <summary>As much of a master as the client sees, over real TLS on the loopback interface; everything that it was asked is kept to look at.</summary>
internal sealed class FakeMaster : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly AccessToken _token;

    private FakeMaster(WebApplication app, AccessToken token)
    {
        _app = app;
        _token = token;
    }

    public Credentials Credentials => new() { Url = _app.Urls.Single(), Token = _token.Reveal() };

    public ConcurrentDictionary<Digest, byte[]> Blobs { get; } = new();

    public ConcurrentDictionary<Digest, byte[]> Partial { get; } = new();

    public ConcurrentDictionary<string, ImageView> Images { get; } = new();

    public ConcurrentDictionary<long, JobView> Jobs { get; } = new();

    public ConcurrentDictionary<string, byte[]> Logs { get; } = new();

    /// <summary>What the next questions for a log meet, whichever stream they ask for: an attempt, and all that it has printed.</summary>
    public ConcurrentQueue<(int Attempt, byte[] Log)> LogAnswers { get; } = new();

    /// <summary>What GET of an output answers, by its path.</summary>
    public ConcurrentDictionary<string, byte[]> Outputs { get; } = new();

    /// <summary>"METHOD /path" of every call, in the order of arrival.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public ConcurrentQueue<JobRequest> Submitted { get; } = new();

    public ConcurrentQueue<string> Keys { get; } = new();

    /// <summary>The answers to the next calls; 200 goes through.</summary>
    public ConcurrentQueue<Problem> Refusals { get; } = new();

    /// <summary>The next PATCH is cut off after so many bytes; -1: none is.</summary>
    public long CutUploadAfter { get; set; } = -1;

    /// <summary>What a build prints.</summary>
    public string BuildLog { get; set; } = "";

    /// <summary>How the build ends; until then it runs.</summary>
    public TaskCompletionSource<BuildView> Build { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed when somebody waits for the build.</summary>
    public TaskCompletionSource BuildWaited { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static BuildView Built(string name, BuildState state, string? error = null) => new()
    {
        Id = "b1",
        Name = name,
        State = state,
        Image = state == BuildState.Complete ? Digest.Of([1]) : null,
        Error = error,
        StartedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>What a submitted job becomes.</summary>
    public Func<JobView, JobView> Outcome { get; set; } = job => job with { State = JobState.Complete, ExitCode = 0, Version = job.Version + 1 };

    /// <summary>Completed when somebody waits for a change of a job that has not ended.</summary>
    public TaskCompletionSource Waited { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<FakeMaster> StartAsync()
    {
        var (chain, leaf) = Certificates();
        var token = AccessToken.Create(AccessToken.User, Convert.ToHexStringLower(SHA256.HashData(chain[0].RawData)));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = leaf, ServerCertificateChain = chain }));
        });
        var app = builder.Build();
        var master = new FakeMaster(app, token);
        app.Run(master.AnswerAsync);
        await app.StartAsync();
        return master;
    }

    public MasterApi Connect() =>
        MasterApi.Create(Credentials, new RetryPolicy(TimeProvider.System, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(20)));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    public static ImageView Image(string name, ImageKind kind) => new()
    {
        Name = name,
        Kind = kind,
        Owner = "ada",
        Digest = Digest.Of(Encoding.UTF8.GetBytes(name)),
        CreatedAt = DateTimeOffset.UnixEpoch,
        Layers = [],
        Size = 0,
    };

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        Calls.Enqueue($"{request.Method} {request.Path}");
        if (request.Headers.Authorization != $"Bearer {_token.Reveal()}")
        {
            await RefuseAsync(context, new Problem { Title = "Unauthorized", Status = 401, Detail = "This token is not valid.", Code = ErrorCode.Unauthorized });
            return;
        }

        if (Refusals.TryDequeue(out var refusal) && refusal.Status != 200)
        {
            await RefuseAsync(context, refusal);
            return;
        }

        var parts = request.Path.Value![(Routes.Api.Length + 1)..].Split('/');
        await (parts switch
        {
            ["whoami"] => WriteAsync(context, new WhoAmI { User = "ada", Role = "user", MasterVersion = "1.2.3" }, AhoyJson.Default.WhoAmI),
            ["agents"] => WriteAsync(context, new AgentList { Agents = [] }, AhoyJson.Default.AgentList),
            ["blobs", "missing"] => MissingAsync(context),
            ["blobs", "batch"] => BatchAsync(context),
            ["uploads", var digest] => UploadAsync(context, Digest.Parse(digest)),
            ["images"] => WriteAsync(context, new ImageList { Images = [.. Images.Values.Where(image => !request.Query.ContainsKey("kind") || request.Query["kind"] == (image.Kind == ImageKind.Base ? "base" : "application"))] }, AhoyJson.Default.ImageList),
            ["images", var kind, var name] when request.Method == "GET" && Images.TryGetValue($"{kind}/{name}", out var image) => WriteAsync(context, image, AhoyJson.Default.ImageView),
            ["images", _, _, "contents"] => WriteAsync(context, new ImageContents { Packages = new Dictionary<string, string>(), Files = [], DirectoryLinks = new Dictionary<string, string>() }, AhoyJson.Default.ImageContents),
            ["images", var kind, var name] when request.Method == "DELETE" && Images.TryRemove($"{kind}/{name}", out _) => Task.CompletedTask,
            ["builds"] => WriteAsync(context, Built("mine", BuildState.Running), AhoyJson.Default.BuildView),
            ["builds", _] when request.Method == "DELETE" => CancelBuildAsync(context),
            ["builds", _] => BuildAsync(context),
            ["builds", _, "log"] => BuildLogAsync(context),
            ["jobs"] when request.Method == "POST" => SubmitAsync(context),
            ["jobs"] => WriteAsync(context, new JobList { Jobs = [.. Jobs.Values.OrderByDescending(job => job.Id.Value).Take(int.Parse(request.Query["limit"]!))] }, AhoyJson.Default.JobList),
            ["jobs", var id] when Jobs.TryGetValue(long.Parse(id), out var job) => JobAsync(context, job),
            ["jobs", var id, "cancel"] when Jobs.TryGetValue(long.Parse(id), out var job) => CancelAsync(context, job),
            ["jobs", var id, "logs", var stream] => LogAsync(context, long.Parse(id), stream),
            ["jobs", _, "outputs", .. var path] when Outputs.TryGetValue(string.Join('/', path), out var bytes) => OutputAsync(context, bytes),
            _ => RefuseAsync(context, new Problem { Title = "Not found", Status = 404, Detail = $"There is no {request.Path}.", Code = ErrorCode.NotFound }),
        });
    }

    private async Task BuildAsync(HttpContext context)
    {
        BuildWaited.TrySetResult();
        await WriteAsync(context, await Build.Task.WaitAsync(context.RequestAborted), AhoyJson.Default.BuildView);
    }

    private Task CancelBuildAsync(HttpContext context)
    {
        Build.TrySetResult(Built("mine", BuildState.Failed, "Canceled by its user."));
        return WriteAsync(context, Built("mine", BuildState.Failed, "Canceled by its user."), AhoyJson.Default.BuildView);
    }

    private async Task BuildLogAsync(HttpContext context)
    {
        await Build.Task.WaitAsync(context.RequestAborted);
        var log = Encoding.UTF8.GetBytes(BuildLog);
        var offset = (int)long.Parse(context.Request.Query["offset"]!);
        context.Response.Headers[Routes.LogNextOffsetHeader] = log.Length.ToString();
        context.Response.Headers[Routes.LogCompleteHeader] = "true";
        await context.Response.Body.WriteAsync(log.AsMemory(Math.Min(offset, log.Length)));
    }

    private async Task MissingAsync(HttpContext context)
    {
        var query = (await JsonSerializer.DeserializeAsync(context.Request.Body, AhoyJson.Default.BlobQuery))!;
        await WriteAsync(context, new BlobAnswer { Missing = [.. query.Digests.Where(digest => !Blobs.ContainsKey(digest))] }, AhoyJson.Default.BlobAnswer);
    }

    private async Task BatchAsync(HttpContext context)
    {
        await using var tar = new TarReader(context.Request.Body);
        while (await tar.GetNextEntryAsync(copyData: true) is { } entry)
        {
            var bytes = new MemoryStream();
            if (entry.DataStream is not null)
                await entry.DataStream.CopyToAsync(bytes);
            Blobs[Digest.Parse("sha256:" + entry.Name)] = bytes.ToArray();
        }

        context.Response.StatusCode = 204;
    }

    private async Task UploadAsync(HttpContext context, Digest digest)
    {
        var have = Partial.GetOrAdd(digest, []);
        if (context.Request.Method == "PATCH")
        {
            if (context.Request.Headers[Routes.UploadOffsetHeader] != have.Length.ToString())
            {
                await RefuseAsync(context, new Problem { Title = "Offset", Status = 409, Detail = $"The upload stands at {have.Length}.", Code = ErrorCode.OffsetMismatch });
                return;
            }

            var bytes = new MemoryStream();
            bytes.Write(have);
            var buffer = new byte[8192];
            int read;
            while ((read = await context.Request.Body.ReadAsync(buffer)) > 0)
            {
                bytes.Write(buffer, 0, read);
                if (CutUploadAfter >= 0 && bytes.Length - have.Length > CutUploadAfter)
                {
                    CutUploadAfter = -1;
                    Partial[digest] = bytes.ToArray();
                    context.Abort();
                    return;
                }
            }

            Partial[digest] = have = bytes.ToArray();
            if (have.Length == long.Parse(context.Request.Headers[Routes.UploadLengthHeader]!))
            {
                if (Digest.Of(have) != digest)
                {
                    Partial.TryRemove(digest, out _);
                    await RefuseAsync(context, new Problem { Title = "Digest", Status = 422, Detail = "The bytes have another SHA-256.", Code = ErrorCode.DigestMismatch });
                    return;
                }

                Blobs[digest] = have;
            }
        }

        await WriteAsync(context, new UploadView { Digest = digest, Offset = have.Length, Complete = Blobs.ContainsKey(digest) }, AhoyJson.Default.UploadView);
    }

    private async Task SubmitAsync(HttpContext context)
    {
        var request = (await JsonSerializer.DeserializeAsync(context.Request.Body, AhoyJson.Default.JobRequest))!;
        Submitted.Enqueue(request);
        Keys.Enqueue(context.Request.Headers[Routes.IdempotencyKeyHeader]!);
        var job = new JobView
        {
            Id = new JobId(Jobs.Count + 1),
            Version = 1,
            Owner = "ada",
            State = JobState.Queued,
            Request = request,
            ImageDigest = Digest.Of([]),
            Attempt = 0,
            SubmittedAt = DateTimeOffset.UtcNow,
        };
        Jobs[job.Id.Value] = Outcome(job);
        await WriteAsync(context, job, AhoyJson.Default.JobView);
    }

    private async Task JobAsync(HttpContext context, JobView job)
    {
        if (context.Request.Query.ContainsKey("wait") && !job.State.IsTerminal())
        {
            Waited.TrySetResult();
            while (Jobs[job.Id.Value].Version <= long.Parse(context.Request.Query["after"]!))
            {
                await Task.Delay(5, context.RequestAborted);
            }
        }

        await WriteAsync(context, Jobs[job.Id.Value], AhoyJson.Default.JobView);
    }

    private Task CancelAsync(HttpContext context, JobView job)
    {
        if (!job.State.IsTerminal())
            Jobs[job.Id.Value] = job = job with { State = JobState.Canceled, Version = job.Version + 1 };
        return WriteAsync(context, job, AhoyJson.Default.JobView);
    }

    private async Task LogAsync(HttpContext context, long job, string stream)
    {
        if (LogAnswers.TryDequeue(out var answer))
        {
            var part = answer.Log.AsMemory(Math.Min(int.Parse(context.Request.Query["offset"]!), answer.Log.Length));
            context.Response.Headers[Routes.LogNextOffsetHeader] = answer.Log.Length.ToString();
            context.Response.Headers[Routes.LogAttemptHeader] = answer.Attempt.ToString();
            await context.Response.Body.WriteAsync(part);
            return;
        }

        var wait = context.Request.Query["wait"] != "0";
        while (wait && !Jobs[job].State.IsTerminal())
        {
            await Task.Delay(5, context.RequestAborted);
        }

        var log = Logs.GetValueOrDefault(stream, []);
        var offset = (int)long.Parse(context.Request.Query["offset"]!);
        context.Response.Headers[Routes.LogNextOffsetHeader] = log.Length.ToString();
        context.Response.Headers[Routes.LogAttemptHeader] = Jobs[job].Attempt.ToString();
        context.Response.Headers[Routes.LogCompleteHeader] = Jobs[job].State.IsTerminal() ? "true" : "false";
        await context.Response.Body.WriteAsync(log.AsMemory(Math.Min(offset, log.Length)));
    }

    private static async Task OutputAsync(HttpContext context, byte[] bytes)
    {
        var from = 0;
        if (context.Request.Headers.Range.ToString() is { Length: > 0 } range)
        {
            from = int.Parse(range["bytes=".Length..].TrimEnd('-'));
            context.Response.StatusCode = 206;
        }

        await context.Response.Body.WriteAsync(bytes.AsMemory(from));
    }

    private static Task RefuseAsync(HttpContext context, Problem problem)
    {
        context.Response.StatusCode = problem.Status;
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(problem, AhoyJson.Default.Problem)).AsTask();
    }

    private static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, type)).AsTask();

    /// <summary>A server never sends the last certificate of its chain, so the CA to pin is signed by a root above it, as the master's is.</summary>
    private static (X509Certificate2Collection Chain, X509Certificate2 Leaf) Certificates()
    {
        var from = DateTimeOffset.UtcNow.AddDays(-1);
        var until = from.AddDays(10);
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = Authority("CN=Test root", rootKey).CreateSelfSigned(from, until);
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ca = Authority("CN=Test CA", caKey).Create(root, from, until, RandomNumberGenerator.GetBytes(8));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test master", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var leaf = request.Create(ca.CopyWithPrivateKey(caKey), from, until, RandomNumberGenerator.GetBytes(8));
        using var leafWithKey = leaf.CopyWithPrivateKey(key);
        return (
            [X509CertificateLoader.LoadCertificate(ca.RawData), X509CertificateLoader.LoadCertificate(root.RawData)],
            X509CertificateLoader.LoadPkcs12(leafWithKey.Export(X509ContentType.Pfx), null));
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }
}
