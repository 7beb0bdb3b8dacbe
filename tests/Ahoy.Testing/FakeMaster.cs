using System.Collections.Concurrent;
using System.Net;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Ahoy.Testing;

/// <summary>
/// The agents' API of a master, over real HTTPS, for tests of the agent. It hands out the orders that a test gives it, keeps what comes back,
/// and can misbehave as networks and masters do.
/// </summary>
public sealed class FakeMaster : IAsyncDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly WebApplication _application;
    private readonly Lock _lock = new();
    private readonly Dictionary<AttemptId, AttemptOrder> _orders = [];
    private readonly HashSet<AttemptId> _canceled = [];
    private readonly HashSet<AttemptId> _ended = [];
    private readonly HashSet<AttemptId> _discarded = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failingContacts;
    private int _cuts;

    private FakeMaster()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = _authority.Leaf("127.0.0.1");
                https.ServerCertificateChain = _authority.Chain;
            }));
        });
        _application = builder.Build();
        AgentToken = AccessToken.Create(AccessToken.Agent, _authority.Fingerprint);
        JoinToken = AccessToken.Create(AccessToken.Join, _authority.Fingerprint);
        Map();
    }

    public Uri Url { get; private set; } = new("https://127.0.0.1");
    public AccessToken AgentToken { get; }
    public AccessToken JoinToken { get; }

    public ConcurrentDictionary<Digest, byte[]> Blobs { get; } = new();
    public ConcurrentDictionary<Digest, byte[]> Uploads { get; } = new();
    public ConcurrentQueue<ContactRequest> Contacts { get; } = new();
    public ConcurrentQueue<AttemptReport> Reports { get; } = new();
    public ConcurrentDictionary<(AttemptId Attempt, LogStream Stream), byte[]> Logs { get; } = new();

    /// <summary>Start every attempt again in each answer, as a master does that does not know whether its answers arrive.</summary>
    public bool RepeatsStarts { get; set; }

    /// <summary>The agent's end of an attempt is taken but not settled.</summary>
    public bool WithholdsSettling { get; set; }

    public static async Task<FakeMaster> StartAsync()
    {
        var master = new FakeMaster();
        await master._application.StartAsync();
        master.Url = new Uri(master._application.Urls.Single());
        return master;
    }

    public Digest AddBlob(byte[] bytes)
    {
        var digest = Digest.Of(bytes);
        Blobs[digest] = bytes;
        return digest;
    }

    public void Give(AttemptOrder order) => Change(() => _orders[new AttemptId(order.Job, order.Attempt)] = order);

    public void Cancel(AttemptId attempt) => Change(() => _canceled.Add(attempt));

    public void Discard(AttemptId attempt) => Change(() => _discarded.Add(attempt));

    /// <summary>The next contacts are answered with 503.</summary>
    public void FailContacts(int count) => Interlocked.Exchange(ref _failingContacts, count);

    /// <summary>The next blob responses are cut off in their middle.</summary>
    public void CutBlobs(int count) => Interlocked.Exchange(ref _cuts, count);

    /// <summary>Waits until what a test looks for is there.</summary>
    public async Task<T> UntilAsync<T>(Func<T?> look, CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                changed = _changed.Task;
            }

            if (look() is { } found)
                return found;
            await changed.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
        }
    }

    /// <summary>The final report of an attempt.</summary>
    public Task<AttemptReport> EndOfAsync(AttemptId attempt, CancellationToken cancellationToken) =>
        UntilAsync(() => Reports.FirstOrDefault(report => report.Result is not null && Id(report) == attempt), cancellationToken);

    /// <summary>Waits for a contact with these properties that comes after this call.</summary>
    public Task<ContactRequest> ContactAsync(Func<ContactRequest, bool> wanted, CancellationToken cancellationToken)
    {
        var seen = Contacts.Count;
        return UntilAsync(() => Contacts.Skip(seen).FirstOrDefault(wanted), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Change(() => { });
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        try
        {
            await _application.StopAsync(atOnce.Token);
        }
        catch (OperationCanceledException)
        {
            // Calls that wait are cut off: nobody reads their answers any more.
        }

        await _application.DisposeAsync();
    }

    private static AttemptId Id(AttemptReport report) => new(report.Job, report.Attempt);

    private static AttemptId Id(HeldAttempt held) => new(held.Job, held.Attempt);

    private void Change(Action action)
    {
        lock (_lock)
        {
            action();
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private void Map()
    {
        _application.MapPost(Routes.Join, async context =>
        {
            var request = await context.Request.ReadFromJsonAsync(AhoyJson.Default.JoinRequest, context.RequestAborted);
            if (context.Request.Headers.Authorization != $"Bearer {JoinToken.Reveal()}")
                await RefuseAsync(context, 401, ErrorCode.Unauthorized, "The join token is not known.", false);
            else
                await context.Response.WriteAsJsonAsync(new JoinResponse { Name = request!.Name, Token = AgentToken.Reveal() }, AhoyJson.Default.JoinResponse, cancellationToken: context.RequestAborted);
        });
        _application.MapPost(Routes.Contact, ContactAsync);
        _application.MapGet(Routes.AttemptBlob, BlobAsync);
        _application.MapGet(Routes.AttemptUpload, context => AnswerUploadAsync(context, UploadDigest(context)));
        _application.MapPatch(Routes.AttemptUpload, ReceiveAsync);
    }

    private async Task ContactAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization != $"Bearer {AgentToken.Reveal()}")
        {
            await RefuseAsync(context, 401, ErrorCode.Unauthorized, "The token is not an agent's.", false);
            return;
        }

        if (Interlocked.Decrement(ref _failingContacts) >= 0)
        {
            await RefuseAsync(context, 503, ErrorCode.Unavailable, "The master is starting.", true);
            return;
        }

        var request = (await context.Request.ReadFromJsonAsync(AhoyJson.Default.ContactRequest, context.RequestAborted))!;
        Change(() => Take(request));
        var until = Task.Delay(TimeSpan.FromSeconds(request.WaitSeconds), context.RequestAborted);
        while (true)
        {
            Task changed;
            ContactResponse response;
            lock (_lock)
            {
                changed = _changed.Task;
                response = Answer(request);
            }

            var news = response.Start.Count + response.Cancel.Count + response.Discard.Count + response.Settled.Count > 0;
            if (news || until.IsCompleted)
            {
                await context.Response.WriteAsJsonAsync(response, AhoyJson.Default.ContactResponse, cancellationToken: context.RequestAborted);
                return;
            }

            await Task.WhenAny(changed, until);
        }
    }

    private void Take(ContactRequest request)
    {
        Contacts.Enqueue(request);
        foreach (var report in request.Reports)
        {
            Reports.Enqueue(report);
            foreach (var chunk in report.Logs)
            {
                var old = Logs.GetValueOrDefault((Id(report), chunk.Stream), []);
                if (chunk.Offset > old.Length)
                    throw new InvalidOperationException($"A log chunk at {chunk.Offset} leaves a hole after {old.Length}.");
                Logs[(Id(report), chunk.Stream)] = [.. old[..(int)chunk.Offset], .. chunk.Bytes];
            }

            if (report.Result is not null && !WithholdsSettling)
                _ended.Add(Id(report));
        }
    }

    private ContactResponse Answer(ContactRequest request)
    {
        var held = request.Held.Select(Id).ToHashSet();
        var response = new ContactResponse
        {
            LeaseSeconds = 60,
            Start = [.. _orders.Where(order => (RepeatsStarts || !held.Contains(order.Key)) && !_discarded.Contains(order.Key)).Select(order => order.Value)],
            Cancel = [.. request.Held.Where(attempt => _canceled.Contains(Id(attempt)) && !_ended.Contains(Id(attempt)))],
            Discard = [.. request.Held.Where(attempt => _discarded.Contains(Id(attempt)))],
            Settled = [.. request.Held.Where(attempt => _ended.Contains(Id(attempt)))],
        };
        foreach (var order in response.Start.Where(_ => !RepeatsStarts))
        {
            _orders.Remove(new AttemptId(order.Job, order.Attempt));
        }

        _canceled.RemoveWhere(attempt => response.Cancel.Any(told => Id(told) == attempt));
        return response;
    }

    private async Task BlobAsync(HttpContext context)
    {
        var digest = UploadDigest(context);
        if (!Blobs.TryGetValue(digest, out var bytes))
        {
            await RefuseAsync(context, 404, ErrorCode.MissingBlob, $"There is no blob {digest}.", false);
            return;
        }

        var from = (int)(context.Request.GetTypedHeaders().Range?.Ranges.Single().From ?? 0);
        context.Response.StatusCode = from > 0 ? 206 : 200;
        context.Response.ContentLength = bytes.Length - from;
        if (Interlocked.Decrement(ref _cuts) >= 0)
        {
            await context.Response.Body.WriteAsync(bytes.AsMemory(from, (bytes.Length - from) / 2), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
            return;
        }

        await context.Response.Body.WriteAsync(bytes.AsMemory(from), context.RequestAborted);
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        var digest = UploadDigest(context);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var offset = int.Parse(context.Request.Headers[Routes.UploadOffsetHeader].ToString());
        Uploads[digest] = [.. Uploads.GetValueOrDefault(digest, [])[..offset], .. body.ToArray()];
        await AnswerUploadAsync(context, digest);
    }

    private Task AnswerUploadAsync(HttpContext context, Digest digest)
    {
        var bytes = Uploads.GetValueOrDefault(digest, []);
        var view = new UploadView { Digest = digest, Offset = bytes.Length, Complete = Uploads.ContainsKey(digest) && Digest.Of(bytes) == digest };
        return context.Response.WriteAsJsonAsync(view, AhoyJson.Default.UploadView, cancellationToken: context.RequestAborted);
    }

    private static Digest UploadDigest(HttpContext context) => Digest.Parse((string?)context.Request.RouteValues["digest"]);

    private static Task RefuseAsync(HttpContext context, int status, ErrorCode code, string detail, bool transient)
    {
        context.Response.StatusCode = status;
        var problem = new Problem { Title = "Refused", Status = status, Detail = detail, Code = code, Transient = transient };
        return context.Response.WriteAsJsonAsync(problem, AhoyJson.Default.Problem, "application/problem+json", context.RequestAborted);
    }
}
