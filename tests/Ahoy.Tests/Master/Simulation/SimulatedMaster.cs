using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;
using Ahoy.Master;
using Ahoy.Master.Agents;
using Ahoy.Master.Images;
using Ahoy.Master.Jobs;
using Ahoy.Master.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ahoy.Tests.Master.Simulation;

/// <summary>The master's queue, leases and contact without HTTP and without loops of their own, on a directory that outlives it.</summary>
internal sealed class SimulatedMaster
{
    private readonly Database _database;
    private readonly BlobStore _blobs;
    private readonly BlobUsers _blobUsers;
    private readonly AgentDirectory _agents;
    private readonly AttemptReports _reports;
    private readonly ContactHandler _contacts;

    private SimulatedMaster(string directory, MasterOptions options, TimeProvider time)
    {
        _database = Database.Open(Path.Combine(directory, "ahoy.db"), NullLogger.Instance);
        _blobs = new BlobStore(Path.Combine(directory, "blobs"));
        _blobUsers = new BlobUsers(_database, _blobs, time);
        var polls = new LongPolls(time, new Lifetime());
        Index = new JobIndex();
        Store = new JobStore(_database, NullLogger<JobStore>.Instance);
        Images = new ImageCatalog(_database);
        _agents = new AgentDirectory(_database, Index, options, time, NullLogger<AgentDirectory>.Instance);
        _reports = new AttemptReports(Store, Index, _agents, new JobLogs(Path.Combine(directory, "logs")), _blobs, _blobUsers, options, time, NullLogger<AttemptReports>.Instance);
        Matcher = new Matcher(_agents, Index, Store, NullLogger<Matcher>.Instance);
        Lost = new LostAttempts(_agents, Index, Store, options, time, NullLogger<LostAttempts>.Instance);
        _contacts = new ContactHandler(_agents, _reports, Matcher, Index, Lost, polls, options, time);
        Jobs = new JobBook(Store, Index, Images, _blobUsers, _agents, polls, time);
        foreach (var row in Store.Active())
        {
            Index.Publish(row);
        }
    }

    public JobIndex Index { get; }
    public JobStore Store { get; }
    public JobBook Jobs { get; }
    public ImageCatalog Images { get; }
    public Matcher Matcher { get; }
    public LostAttempts Lost { get; }

    public static SimulatedMaster Open(string directory, MasterOptions options, TimeProvider time) => new(directory, options, time);

    public Task AddAgentAsync(string name) =>
        _database.WriteAsync(connection => connection.Execute("INSERT INTO agents (name, joined_at) VALUES ($name, 0)", ("$name", name)));

    public Task AddImageAsync(string name) => Images.AddAsync(new ImageView
    {
        Name = name,
        Kind = ImageKind.Base,
        Owner = "ada",
        Digest = Digest.Of("image"u8),
        CreatedAt = DateTimeOffset.UnixEpoch,
        Layers = [],
        Size = 0,
    });

    public Task<ContactResponse> ContactAsync(string agent, ContactRequest request) => _contacts.HandleAsync(agent, request, CancellationToken.None);

    /// <summary>As the route does it.</summary>
    public async Task<UploadView> UploadAsync(string agent, AttemptId attempt, byte[] bytes)
    {
        var row = _reports.RequireHeld(agent, attempt);
        var view = await _blobs.AppendAsync(row.Owner, Digest.Of(bytes), bytes.Length, 0, new MemoryStream(bytes), CancellationToken.None);
        await _blobUsers.GrantAsync(row.Owner, [view.Digest]);
        return view;
    }

    public bool Holds(OutputFile output) => _blobs.Size(output.Digest) == output.Size;

    /// <summary>Ends it. A call that is under way gets as far as the write that it waits for, and no further: the next one is refused.</summary>
    public async Task KillAsync(Func<Task>? duringThis)
    {
        using var gate = new ManualResetEventSlim();
        var reached = new TaskCompletionSource();
        var blocked = _database.WriteAsync(_ =>
        {
            reached.SetResult();
            gate.Wait();
            return 0;
        });
        await reached.Task;
        var call = duringThis?.Invoke() ?? Task.CompletedTask;
        var closed = _database.DisposeAsync();
        gate.Set();
        await blocked;
        await closed;
        try
        {
            await call;
        }
        catch (AhoyException e) when (e.Code is ErrorCode.Unavailable or ErrorCode.StaleAttempt)
        {
            // Cut off in the middle, as intended.
        }
    }

    private sealed class Lifetime : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => CancellationToken.None;
        public CancellationToken ApplicationStopping => CancellationToken.None;
        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => throw new InvalidOperationException("Nothing in here stops the host.");
    }
}
