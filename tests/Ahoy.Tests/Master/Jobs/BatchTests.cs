using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Jobs;

public sealed class BatchTests : IAsyncLifetime
{
    private TestMaster _master = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        await _master.AddBaseAsync("base");
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Jobs_AreAcceptedInTheirOrder()
    {
        var ids = await _master.Manager.SubmitBatchAsync(Named(100), key: null);

        Assert.Equal(ids.Order(Comparer<JobId>.Create((a, b) => a.Value.CompareTo(b.Value))), ids);
        Assert.Equal("7", (await _master.Manager.JobAsync(ids[7])).Request.Name);
        Assert.Equal(100, (await JobsAsync()).Count);
    }

    [Fact]
    public async Task Jobs_SurviveAKillOfTheMaster()
    {
        var ids = await _master.Manager.SubmitBatchAsync(Named(10), key: null);

        await _master.RestartAsync();

        Assert.Equal(ids.Select(id => id.Value).OrderDescending(), (await JobsAsync()).Select(job => job.Id.Value));
    }

    [Fact]
    public async Task Jobs_AreHandedOut()
    {
        var ids = await _master.Manager.SubmitBatchAsync(Named(3), key: null);
        var agent = await _master.AgentAsync("big", 8, 8 * Requests.Gigabyte);

        Assert.Equal(ids, (await agent.ContactAsync(waitSeconds: 25)).Start.Select(order => order.Job));
    }

    [Fact]
    public async Task SameKey_ManyAtOnce_AreTheSameJobs()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _master.Manager.SubmitBatchAsync(Named(20), "key")));

        Assert.All(answers, ids => Assert.Equal(answers[0], ids));
        Assert.Equal(20, (await JobsAsync()).Count);
    }

    [Fact]
    public async Task SameKey_WithAnotherRequest_IsRefused_AndNothingIsAdded()
    {
        await _master.Manager.SubmitBatchAsync(Named(20), "key");

        var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitBatchAsync([.. Named(19), Requests.Sized(2, Requests.Gigabyte), Requests.Small], "key"));

        Assert.Equal(ErrorCode.IdempotencyMismatch, error.Code);
        Assert.Equal(20, (await JobsAsync()).Count);
    }

    [Fact]
    public async Task OneThatCanNotBe_RefusesAll_AndIsNamed()
    {
        var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitBatchAsync([.. Named(5), Requests.Small with { Image = "nope" }, .. Named(3)], key: null));

        Assert.Equal(ErrorCode.UnknownImage, error.Code);
        Assert.StartsWith("Job 6 of 9: ", error.Message, StringComparison.Ordinal);
        Assert.Empty(await JobsAsync());
    }

    [Fact]
    public async Task MissingInput_OfOne_RefusesAll()
    {
        var bad = Requests.Small with { Inputs = [new JobInput { Path = "x", Digest = Digest.Of("x"u8), Size = 1 }] };

        var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitBatchAsync([.. Named(2), bad], key: null));

        Assert.Equal(ErrorCode.MissingBlob, error.Code);
        Assert.StartsWith("Job 3 of 3: ", error.Message, StringComparison.Ordinal);
        Assert.Empty(await JobsAsync());
    }

    [Theory]
    [InlineData("""{"jobs":[]}""")]
    [InlineData("""{"jobs":null}""")]
    [InlineData("""{"jobs":[null]}""")]
    [InlineData("""{"jobs":[{"image":"base","command":["a"]},null]}""")]
    [InlineData("""{"jobs":[{"image":"base","command":["a"],"inputs":null}]}""")]
    [InlineData("""{"jobs":[{"image":"base","command":["a"],"inputs":[null]}]}""")]
    [InlineData("""{}""")]
    public async Task BrokenBatch_IsRefusedAsAnInvalidRequest(string json)
    {
        var problem = await _master.Manager.RefusedAsync(HttpMethod.Post, Routes.JobsBatch, json);

        Assert.Equal((400, ErrorCode.InvalidRequest), (problem.Status, problem.Code));
    }

    [Fact]
    public async Task TooMany_AreRefused()
    {
        var error = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.SubmitBatchAsync([.. Enumerable.Repeat(Requests.Small, JobBatch.MaxJobs + 1)], key: null));

        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
    }

    private static JobRequest[] Named(int count) =>
        [.. Enumerable.Range(0, count).Select(i => Requests.Small with { Name = i.ToString(System.Globalization.CultureInfo.InvariantCulture) })];

    private async Task<IReadOnlyList<JobView>> JobsAsync() => (await _master.Manager.GetAsync<JobList>(Routes.Jobs)).Jobs;
}
