using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Jobs;

public sealed class SubmissionTests : IAsyncLifetime
{
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        await _master.AddBaseAsync("base");
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task SameKey_64AtOnce_AreOneJob()
    {
        var jobs = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => _master.Manager.SubmitAsync(Requests.Small, "key")));

        Assert.Single(jobs.Select(job => job.Id).Distinct());
        Assert.Single((await _master.Manager.GetAsync<JobList>(Routes.Jobs)).Jobs);
    }

    [Fact]
    public async Task SameKey_OtherRequest_IsRefused()
    {
        await _master.Manager.SubmitAsync(Requests.Small, "key");

        var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitAsync(Requests.Sized(2, Requests.Gigabyte), "key"));

        Assert.Equal(ErrorCode.IdempotencyMismatch, error.Code);
        Assert.Single((await _master.Manager.GetAsync<JobList>(Routes.Jobs)).Jobs);
    }

    [Fact]
    public async Task SameKey_OfAnotherUser_IsAnotherJob()
    {
        var ada = await _master.UserAsync("ada");

        Assert.NotEqual((await _master.Manager.SubmitAsync(Requests.Small, "key")).Id, (await ada.SubmitAsync(Requests.Small, "key")).Id);
    }

    [Fact]
    public async Task SameKey_AfterARestart_IsTheSameJob()
    {
        var job = await _master.Manager.SubmitAsync(Requests.Small, "key");

        await _master.RestartAsync();

        Assert.Equal(job.Id, (await _master.Manager.SubmitAsync(Requests.Small, "key")).Id);
    }

    [Fact]
    public async Task SameKey_AfterTheImageWasRemoved_IsStillTheJobThatWasAccepted()
    {
        var job = await _master.Manager.SubmitAsync(Requests.Small, "key");
        using (var removed = await _master.Manager.SendAsync(HttpMethod.Delete, Routes.Fill(Routes.Image, "base", "base"), null))
            Assert.True(removed.IsSuccessStatusCode);

        Assert.Equal(job.Id, (await _master.Manager.SubmitAsync(Requests.Small, "key")).Id);
    }

    [Fact]
    public async Task ImpossibleJob_IsRefused_SayingWhatEveryAgentLacks()
    {
        await (await _master.AgentAsync("small", 2, Requests.Gigabyte)).ContactAsync();

        var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitAsync(Requests.Sized(64, Requests.Gigabyte)));

        Assert.Equal(ErrorCode.NeverSatisfiable, error.Code);
        Assert.Contains("small: needs 64 cpus, has 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OutputsWhoseEndCouldNotBeTold_AreRefused()
    {
        var padding = new string('x', 200);

        var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitAsync(Requests.WithOutputs([.. Enumerable.Range(0, 90_000).Select(i => $"{padding}{i}")])));

        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.Contains("too long", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownImage_IsRefused_NamingThoseThereAre()
    {
        var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitAsync(Requests.Small with { Image = "nope" }));

        Assert.Equal(ErrorCode.UnknownImage, error.Code);
        Assert.Contains("there are base", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Input_ThatWasNotUploaded_IsRefused_NamingIt()
    {
        var request = Requests.Small with { Inputs = [new JobInput { Path = "data/x", Digest = Digest.Of("x"u8), Size = 1 }] };

        var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitAsync(request));

        Assert.Equal(ErrorCode.MissingBlob, error.Code);
        Assert.Contains("data/x", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnusableRequests_AreRefusedInWords()
    {
        var x = await UploadAsync();
        JobRequest[] unusable =
        [
            Requests.Small with { Command = [] },
            Requests.Small with { Command = ["a\0b"] },
            Requests.Small with { Inputs = [x with { Path = "../x" }] },
            Requests.Small with { Inputs = [x with { Path = "/etc/passwd" }] },
            Requests.Small with { Inputs = [x, x] },
            Requests.Small with { Inputs = [x with { Path = "a" }, x with { Path = "a/b" }] },
            Requests.WithOutputs("../../etc/passwd"),
            Requests.WithOutputs("a", "a"),
            Requests.Sized(0, Requests.Gigabyte),
            Requests.Sized(1, 1),
            Requests.Small with { Environment = new Dictionary<string, string> { ["AHOY_JOB_ID"] = "7" } },
            Requests.Small with { Environment = new Dictionary<string, string> { ["A=B"] = "7" } },
            Requests.Small with { Labels = new Dictionary<string, string> { ["a\nb"] = "7" } },
        ];

        foreach (var request in unusable)
        {
            var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitAsync(request));
            Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        }

        Assert.Empty((await _master.Manager.GetAsync<JobList>(Routes.Jobs)).Jobs);
    }

    [Theory]
    [InlineData("""{"image":"base","command":[null]}""")]
    [InlineData("""{"image":"base","command":["a"],"inputs":[null]}""")]
    [InlineData("""{"image":"base","command":["a"],"outputs":[null]}""")]
    [InlineData("""{"image":"base","command":["a"],"environment":{"A":null}}""")]
    [InlineData("""{"image":"base","command":["a"],"labels":{"A":null}}""")]
    [InlineData("""{"image":"base","command":["a"],"inputs":[{"path":"a","digest":"sha256:12","size":1}]}""")]
    [InlineData("""{"image":"base","command":["a"],"resources":{"memoryBytes":"2G"}}""")]
    [InlineData("""{"image":null,"command":["a"]}""")]
    [InlineData("""{"image":"base","command":["a"],"resources":null}""")]
    [InlineData("""{"image":"base","command":["a"],"inputs":null}""")]
    [InlineData("""{"command":["a"]}""")]
    [InlineData("""{"image":"base","image":"other","command":["a"]}""")]
    [InlineData("""{"image":"base","command":""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [InlineData("")]
    public async Task BrokenJson_IsRefusedAsAnInvalidRequest(string json)
    {
        var problem = await _master.Manager.RefusedAsync(HttpMethod.Post, Routes.Jobs, json);

        Assert.Equal((400, ErrorCode.InvalidRequest), (problem.Status, problem.Code));
        Assert.NotEmpty(problem.Detail);
    }

    private async Task<JobInput> UploadAsync()
    {
        await _master.Manager.UploadAsync("x"u8.ToArray());
        return new JobInput { Path = "x", Digest = Digest.Of("x"u8), Size = 1 };
    }
}
