using Ahoy.Client.Jobs;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Client;

public sealed class JobExitCodeTests
{
    [Theory]
    [InlineData(JobState.Complete, null, null, null, 0)]
    [InlineData(JobState.Failed, EndCause.ExitCode, 3, null, 3)]
    [InlineData(JobState.Failed, EndCause.Signal, null, 11, 139)]
    [InlineData(JobState.Failed, EndCause.CannotStart, 127, null, 127)]
    [InlineData(JobState.Failed, EndCause.CannotStart, 126, null, 126)]
    [InlineData(JobState.Failed, EndCause.MemoryLimit, null, 9, 137)]
    [InlineData(JobState.Failed, EndCause.MemoryLimit, 1, null, 137)]
    [InlineData(JobState.Failed, EndCause.WallTimeLimit, null, 15, 124)]
    [InlineData(JobState.Failed, EndCause.MissingOutput, 0, null, 1)]
    [InlineData(JobState.SystemError, EndCause.HostLost, null, null, 125)]
    [InlineData(JobState.Canceled, EndCause.Canceled, null, 15, 130)]
    public void Of_EndedJob_IsTheDocumentedCode(JobState state, EndCause? cause, int? exitCode, int? signal, int expected)
    {
        var job = new JobView
        {
            Id = new JobId(1),
            Version = 1,
            Owner = "ada",
            State = state,
            Request = new JobRequest { Image = "i", Command = ["c"] },
            ImageDigest = Digest.Of([]),
            Attempt = 1,
            SubmittedAt = DateTimeOffset.UnixEpoch,
            ExitCode = exitCode,
            End = cause is null ? null : new JobEnd { Cause = cause.Value, Phase = JobState.Running, ExitCode = exitCode, Signal = signal, Message = "m" },
        };

        Assert.Equal(expected, JobExitCode.Of(job));
    }
}
