using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Images.Store;
using Ahoy.Master.Access;
using Ahoy.Master.Agents;
using Ahoy.Master.Builds;
using Ahoy.Master.Images;
using Ahoy.Master.Jobs;
using Ahoy.Master.Problems;
using Ahoy.Master.Retention;
using Ahoy.Master.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ahoy.Master;

/// <summary>The master, put together. Reads like a table of contents.</summary>
public sealed class MasterHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly FileStream _lock;

    private MasterHost(WebApplication app, FileStream @lock) => (_app, _lock) = (app, @lock);

    /// <summary>Where it listens: "https://127.0.0.1:4321".</summary>
    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Its parts, for tests that look inside.</summary>
    internal IServiceProvider Services => _app.Services;

    /// <summary>Opens the data directory and listens.</summary>
    /// <exception cref="AhoyException">The port is taken, or the data directory is unusable.</exception>
    public static async Task<MasterHost> StartAsync(MasterOptions options, TimeProvider time, Action<ILoggingBuilder> logging, CancellationToken cancellationToken)
    {
        var listen = ParseListen(options.Listen);
        var @lock = DataDirectory.Open(options.DataDirectory);
        try
        {
            return new MasterHost(await StartAsync(options, listen, time, logging, cancellationToken), @lock);
        }
        catch (Exception e)
        {
            await @lock.DisposeAsync();
            if (e is UnauthorizedAccessException or IOException or SqliteException or CryptographicException)
                throw new AhoyException(ErrorCode.Internal, $"The master can't start on {options.DataDirectory}: {e.Message}", e);
            throw;
        }
    }

    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => _app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        await _lock.DisposeAsync();
    }

    private static async Task<WebApplication> StartAsync(MasterOptions options, IPEndPoint listen, TimeProvider time, Action<ILoggingBuilder> logging, CancellationToken cancellationToken)
    {
        var certificates = MasterCertificates.LoadOrCreate(Path.Combine(options.DataDirectory, "tls"), Names(options, listen), time);

        // The empty builder: the others read appsettings.json and watch every folder below the working directory for its changes.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = options.DataDirectory });
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(logging);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, listen, certificates));
        builder.Services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions));
        // Else a broken request is answered without a word (ASP.NET Core says why in the environment Development only).
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        AddMaster(builder.Services, options, certificates, time);

        var app = builder.Build();
        try
        {
            app.UseProblems(app.Services.GetRequiredService<ILogger<MasterHost>>());
            // Named here, because the tokens that a route needs are known only behind it.
            app.UseRouting();
            app.UseTokens(app.Services.GetRequiredService<TokenStore>());
            MapMaster(app);
            Resume(app.Services);
            await ManagerToken.EnsureAsync(app.Services.GetRequiredService<TokenStore>(), options);
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await app.DisposeAsync();
            throw new AhoyException(ErrorCode.Conflict, $"The master can't listen on {options.Listen}: another program has that port. Stop it, or choose another port with --listen.", e);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private static void AddMaster(IServiceCollection services, MasterOptions options, MasterCertificates certificates, TimeProvider time)
    {
        services.AddSingleton(options);
        // Waiting calls are answered at once; an upload that is cut here is resumed.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));
        services.AddSingleton(time);
        services.AddSingleton(certificates);
        // Made by the container, so that it closes them in the right order.
        services.AddSingleton(provider => Database.Open(Path.Combine(options.DataDirectory, "ahoy.db"), provider.GetRequiredService<ILogger<Database>>()));
        services.AddSingleton(_ => new BlobStore(Path.Combine(options.DataDirectory, "blobs")) { UnfinishedBytesPerOwner = options.UnfinishedUploadBytes });
        services.AddSingleton(_ => new JobLogs(Path.Combine(options.DataDirectory, "logs")));
        services.AddSingleton<LongPolls>();
        services.AddSingleton<TokenStore>();
        services.AddSingleton<BlobUsers>();
        services.AddSingleton<ImageCatalog>();
        services.AddSingleton<ImageRegister>();
        services.AddSingleton<JobStore>();
        services.AddSingleton<JobIndex>();
        services.AddSingleton<JobBook>();
        services.AddSingleton<AgentDirectory>();
        services.AddSingleton<AttemptReports>();
        services.AddSingleton<AttemptBlobs>();
        services.AddSingleton<ContactHandler>();
        services.AddSingleton<BuildContainers>();
        services.AddSingleton<ImageBuilder>();
        services.AddSingleton<BuildQueue>();
        services.AddSingleton<Matcher>();
        services.AddHostedService(provider => provider.GetRequiredService<Matcher>());
        services.AddHostedService<Renewals>();
        services.AddSingleton<BlobCollection>();
        services.AddSingleton<RetentionRun>();
        services.AddHostedService(provider => provider.GetRequiredService<RetentionRun>());
        services.AddSingleton<LostAttempts>();
        services.AddHostedService(provider => provider.GetRequiredService<LostAttempts>());
    }

    private static void MapMaster(WebApplication app)
    {
        var services = app.Services;
        var tokens = services.GetRequiredService<TokenStore>();
        var blobs = services.GetRequiredService<BlobStore>();
        var users = services.GetRequiredService<BlobUsers>();
        var polls = services.GetRequiredService<LongPolls>();

        app.MapHealth(services.GetRequiredService<Database>());

        var client = app.MapGroup("").RequireToken(AccessToken.User);
        client.MapAccess(tokens);
        client.MapImages(services.GetRequiredService<ImageCatalog>(), services.GetRequiredService<ImageRegister>());
        client.MapAgentList(services.GetRequiredService<AgentDirectory>());

        var bulk = BodyLimit.Allow(app.MapGroup("").RequireToken(AccessToken.User), BodyLimit.Large);
        bulk.MapBlobs(blobs, users);
        bulk.MapBuilds(services.GetRequiredService<BuildQueue>(), polls);
        bulk.MapJobs(services.GetRequiredService<JobBook>(), services.GetRequiredService<JobIndex>(), services.GetRequiredService<JobLogs>(), blobs, polls);

        app.MapGroup("").RequireToken(AccessToken.Join).MapJoin(tokens);

        var agent = BodyLimit.Allow(app.MapGroup("").RequireToken(AccessToken.Agent), BodyLimit.Large);
        agent.MapContact(services.GetRequiredService<ContactHandler>(), tokens);
        agent.MapAttempts(services.GetRequiredService<AttemptReports>(), services.GetRequiredService<AttemptBlobs>(), blobs, users);
    }

    /// <summary>Takes up the jobs that had not ended when the master did: the queue is queued again, the leases of the rest run anew.</summary>
    private static void Resume(IServiceProvider services)
    {
        var index = services.GetRequiredService<JobIndex>();
        services.GetRequiredService<AgentDirectory>();
        foreach (var row in services.GetRequiredService<JobStore>().Active())
        {
            index.Publish(row);
        }
    }

    /// <summary>The settings of <see cref="AhoyJson"/>: ASP.NET Core takes its types, but not its rules.</summary>
    private static void Configure(JsonSerializerOptions json)
    {
        json.TypeInfoResolverChain.Insert(0, AhoyJson.Default);
        json.DefaultIgnoreCondition = AhoyJson.Default.Options.DefaultIgnoreCondition;
        json.AllowDuplicateProperties = AhoyJson.Default.Options.AllowDuplicateProperties;
        json.RespectNullableAnnotations = AhoyJson.Default.Options.RespectNullableAnnotations;
        json.RespectRequiredConstructorParameters = AhoyJson.Default.Options.RespectRequiredConstructorParameters;
    }

    private static void Configure(KestrelServerOptions kestrel, IPEndPoint listen, MasterCertificates certificates)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = BodyLimit.Small;
        // Ten thousand agents and their clients; each connection costs some 50 KB.
        kestrel.Limits.MaxConcurrentConnections = 30_000;
        // A slow line is slow, not hostile; but who sends a byte now and then keeps the master waiting for nothing.
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 100, gracePeriod: TimeSpan.FromSeconds(30));
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        kestrel.Limits.Http2.MaxStreamsPerConnection = 256;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 4 << 20;
        kestrel.Limits.Http2.InitialStreamWindowSize = 2 << 20;
        // Asked at every connection, because the certificate is renewed while the master runs.
        kestrel.Listen(listen, endpoint => endpoint.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = certificates.Current,
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            }),
        }));
    }

    private static IPEndPoint ParseListen(string text) =>
        IPEndPoint.TryParse(text, out var endpoint)
            ? endpoint
            : throw new AhoyException(ErrorCode.InvalidRequest, $"\"{text}\" is not an address to listen on. Write ADDRESS:PORT, such as 127.0.0.1:8443 or 0.0.0.0:8443.");

    private static IEnumerable<string> Names(MasterOptions options, IPEndPoint listen) =>
        [.. options.Names, Environment.MachineName, "localhost", "127.0.0.1", "::1", listen.Address.ToString()];
}
