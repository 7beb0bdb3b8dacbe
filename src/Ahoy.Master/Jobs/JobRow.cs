using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Master.Jobs;

/// <summary>A job as it is on disk. Never changed in place: each change makes a new one with the next <see cref="Version"/>.</summary>
internal sealed record JobRow
{
    public required JobId Id { get; init; }
    public required long Version { get; init; }
    public required string Owner { get; init; }
    public required JobState State { get; init; }
    public required JobRequest Request { get; init; }
    public required Digest Image { get; init; }
    public int Attempt { get; init; }
    /// <summary>How many attempts were lost with their agents.</summary>
    public int Lost { get; init; }
    public string? Agent { get; init; }
    /// <summary>The agent that lost the last attempt that was lost.</summary>
    public string? LostBy { get; init; }
    /// <summary>True when the job was ended without its agent: should that come back, it has to stop the attempt.</summary>
    public bool Abandoned { get; init; }
    public required DateTimeOffset SubmittedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public DateTimeOffset? CanceledAt { get; init; }
    public AttemptResult? Result { get; init; }
    /// <summary>When the retention removed outputs and logs.</summary>
    public DateTimeOffset? ResultsRemovedAt { get; init; }

    public AttemptId AttemptId => new(Id, Attempt);

    public AttemptOrder Order() => new() { Job = Id, Attempt = Attempt, Owner = Owner, Request = Request, Image = Image };

    public JobView View(string? waiting) => new()
    {
        Id = Id,
        Version = Version,
        Owner = Owner,
        State = State,
        Request = Request,
        ImageDigest = Image,
        Attempt = Attempt,
        Agent = Agent,
        SubmittedAt = SubmittedAt,
        StartedAt = StartedAt,
        EndedAt = EndedAt,
        Waiting = waiting,
        Use = Result?.Use,
        ExitCode = Result?.ExitCode,
        End = Result?.End,
        ResultsRemovedAt = ResultsRemovedAt,
        // All together with the terminal state, never before.
        Outputs = State.IsTerminal() ? Result?.Outputs ?? [] : [],
    };
}
