using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Contracts;

public sealed class AhoyJsonTests
{
    [Fact]
    public void JobRequest_OnlyWhatIsRequired_HasTheDefaultsOfTheRest()
    {
        var request = JsonSerializer.Deserialize("""{"image":"debian-12","command":["true"]}""", AhoyJson.Default.JobRequest)!;

        Assert.Empty(request.Inputs);
        Assert.Empty(request.Outputs);
        Assert.Empty(request.Environment);
        Assert.Equal(1, request.Resources.Cpus);
        Assert.Equal(JobResources.DefaultMemoryBytes, request.Resources.MemoryBytes);
    }

    /// <summary>The wire form that scripts rely on.</summary>
    [Fact]
    public void JobView_IsWrittenAsEver()
    {
        var view = new JobView
        {
            Id = new JobId(7),
            Version = 3,
            Owner = "ada",
            State = JobState.Failed,
            Request = new JobRequest { Image = "sunspots", Command = ["analyse.py", "data.csv"] },
            ImageDigest = Digest.Of([]),
            Attempt = 1,
            SubmittedAt = DateTimeOffset.UnixEpoch,
            End = new JobEnd { Cause = EndCause.MemoryLimit, Phase = JobState.Running, Message = "m" },
        };

        Assert.Equal(
            """{"id":"7","version":3,"owner":"ada","state":"FAILED","request":{"image":"sunspots","command":["analyse.py","data.csv"],"inputs":[],"outputs":[],"resources":{"cpus":1,"memoryBytes":1073741824},"environment":{},"labels":{}},"imageDigest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","attempt":1,"submittedAt":"1970-01-01T00:00:00+00:00","end":{"cause":"memory_limit","phase":"RUNNING","message":"m"},"outputs":[]}""",
            JsonSerializer.Serialize(view, AhoyJson.Default.JobView));
    }

    /// <summary>A default on an init property would be lost by the source-generated reader.</summary>
    [Fact]
    public void Contracts_NoInitPropertyHasADefaultThatReadingLoses()
    {
        var source = Directory.GetFiles(Path.Combine(Testing.Repository.Root, "src", "Ahoy.Contracts"), "*.cs", SearchOption.AllDirectories)
            // Names/ is the resolver, of which nothing crosses the wire.
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/Names/", StringComparison.Ordinal));
        var faults = source.SelectMany(file => File.ReadLines(file).Where(line => line.Contains("{ get; init; } =", StringComparison.Ordinal)).Select(line => $"{file}: {line.Trim()}"));

        Assert.Empty(faults);
    }
}
