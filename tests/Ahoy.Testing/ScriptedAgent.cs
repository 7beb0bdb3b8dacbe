using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Testing;

/// <summary>Speaks the contact protocol as a test tells it to; it runs nothing.</summary>
public sealed class ScriptedAgent
{
    private readonly TestClient _client;
    private long _sequence;

    public ScriptedAgent(string name, TestClient client, int cpus, long memoryBytes)
    {
        Name = name;
        _client = client;
        Capabilities = new AgentCapabilities { Cpus = cpus, MemoryBytes = memoryBytes, Runtime = "crun", Enforcement = "enforced", Version = "1" };
    }

    public string Name { get; }
    public TestClient Client => _client;
    public AgentCapabilities Capabilities { get; set; }
    public string Session { get; private set; } = Guid.NewGuid().ToString("N");
    public HashSet<AttemptId> Held { get; } = [];

    /// <summary>The same agent process, once its master has another address.</summary>
    public ScriptedAgent At(TestMaster master)
    {
        var moved = new ScriptedAgent(Name, master.Connect(_client.Token), Capabilities.Cpus, Capabilities.MemoryBytes) { Session = Session, _sequence = _sequence };
        moved.Held.UnionWith(Held);
        return moved;
    }

    /// <summary>The agent process ends and starts again, without its journal.</summary>
    public void Forget()
    {
        Session = Guid.NewGuid().ToString("N");
        _sequence = 0;
        Held.Clear();
    }

    /// <summary>What the next call would say.</summary>
    public ContactRequest Request(int waitSeconds, params AttemptReport[] reports) => new()
    {
        Sequence = Interlocked.Increment(ref _sequence),
        Session = Session,
        Capabilities = Capabilities,
        Held = [.. Held.Select(Named)],
        Reports = reports,
        WaitSeconds = waitSeconds,
    };

    /// <summary>Sends a call and does nothing about the answer, as if it were lost.</summary>
    public Task<ContactResponse> SendAsync(ContactRequest request) => _client.PostAsync<ContactRequest, ContactResponse>(Routes.Contact, request);

    /// <summary>A whole contact: from then on the agent holds what it was given, and no longer what it was told to drop.</summary>
    public async Task<ContactResponse> ContactAsync(int waitSeconds, params AttemptReport[] reports)
    {
        var response = await SendAsync(Request(waitSeconds, reports));
        Held.UnionWith(response.Start.Select(order => new AttemptId(order.Job, order.Attempt)));
        Held.ExceptWith(response.Settled.Concat(response.Discard).Select(held => new AttemptId(held.Job, held.Attempt)));
        return response;
    }

    /// <summary>An immediate contact.</summary>
    public Task<ContactResponse> ContactAsync(params AttemptReport[] reports) => ContactAsync(0, reports);

    /// <summary>An immediate contact that must bring exactly one attempt to start.</summary>
    public async Task<AttemptId> TakeAsync()
    {
        var start = (await ContactAsync()).Start;
        return start is [var order] ? new AttemptId(order.Job, order.Attempt) : throw new InvalidOperationException($"{Name} was to get 1 attempt and got {start.Count}.");
    }

    public Task<ContactResponse> ReportAsync(AttemptId attempt, JobState state) => ContactAsync(Report(attempt, state));

    public Task<ContactResponse> CompleteAsync(AttemptId attempt, params OutputFile[] outputs) => ContactAsync(Completed(attempt, outputs));

    public static AttemptReport Report(AttemptId attempt, JobState state) => new() { Job = attempt.Job, Attempt = attempt.Number, State = state };

    public static AttemptReport Completed(AttemptId attempt, params OutputFile[] outputs) =>
        Report(attempt, JobState.Complete) with { Result = new AttemptResult { ExitCode = 0, Outputs = outputs } };

    public static AttemptReport Ended(AttemptId attempt, JobState state, EndCause cause) => Report(attempt, state) with
    {
        Result = new AttemptResult { ExitCode = 3, End = new JobEnd { Cause = cause, Phase = JobState.Running, ExitCode = 3, Message = "It ended so." } },
    };

    public static AttemptReport Printed(AttemptId attempt, JobState state, long offset, byte[] bytes) =>
        Report(attempt, state) with { Logs = [new LogChunk { Stream = LogStream.Stdout, Offset = offset, Bytes = bytes }] };

    /// <summary>Delivers an output's bytes; the job does not show them before it ends.</summary>
    public async Task<OutputFile> DeliverAsync(AttemptId attempt, string path, byte[] bytes)
    {
        var digest = Digest.Of(bytes);
        await UploadAsync(attempt, digest, bytes);
        return new OutputFile { Path = path, Digest = digest, Size = bytes.Length };
    }

    public Task<UploadView> UploadAsync(AttemptId attempt, Digest digest, byte[] bytes) =>
        _client.UploadAsync(Routes.Fill(Routes.AttemptUpload, attempt.Job, attempt.Number, digest), 0, bytes.Length, new ByteArrayContent(bytes));

    /// <summary>Reads a blob of an attempt.</summary>
    /// <exception cref="AhoyException">With the code that the master refused it with.</exception>
    public async Task<byte[]> ReadBlobAsync(AttemptId attempt, Digest digest)
    {
        using var response = await _client.Http.GetAsync(new Uri(Routes.Fill(Routes.AttemptBlob, attempt.Job, attempt.Number, digest), UriKind.Relative));
        if (response.IsSuccessStatusCode)
            return await response.Content.ReadAsByteArrayAsync();
        var problem = await TestClient.ProblemAsync(response);
        throw new AhoyException(problem.Code, problem.Detail);
    }

    private static HeldAttempt Named(AttemptId attempt) => new() { Job = attempt.Job, Attempt = attempt.Number };
}
