using Ahoy.Client.Access;
using Ahoy.Client.Api;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Client;

public sealed class MasterApiTests
{
    private static Problem Unwell => new() { Title = "Unavailable", Status = 503, Detail = "Starting.", Code = ErrorCode.Unavailable, Transient = true };

    [Fact]
    public async Task Call_Refused_CarriesTheMastersCodeAndWords()
    {
        await using var master = await FakeMaster.StartAsync();
        using var api = master.Connect();
        master.Refusals.Enqueue(new Problem { Title = "Never", Status = 422, Detail = "No agent has 9 cpus.", Code = ErrorCode.NeverSatisfiable });

        var error = await Assert.ThrowsAsync<AhoyException>(() => api.WhoAmIAsync(CancellationToken.None));

        Assert.Equal((ErrorCode.NeverSatisfiable, "No agent has 9 cpus.", false), (error.Code, error.Message, error.Transient));
    }

    [Fact]
    public async Task Call_TransientFailuresOfAMasterThatHasAnswered_AreRepeated()
    {
        await using var master = await FakeMaster.StartAsync();
        using var api = master.Connect();
        await api.WhoAmIAsync(CancellationToken.None);
        master.Refusals.Enqueue(Unwell);
        master.Refusals.Enqueue(Unwell);

        Assert.Equal("ada", (await api.WhoAmIAsync(CancellationToken.None)).User);
        Assert.Equal(4, master.Calls.Count);
    }

    [Fact]
    public async Task Call_MasterThatNeverAnswered_IsReportedAtOnce()
    {
        await using var master = await FakeMaster.StartAsync();
        using var api = master.Connect();
        master.Refusals.Enqueue(Unwell);

        await Assert.ThrowsAsync<AhoyException>(() => api.WhoAmIAsync(CancellationToken.None));

        Assert.Single(master.Calls);
    }

    [Fact]
    public async Task Call_NothingListens_SaysHowToStartOne()
    {
        Credentials credentials;
        await using (var master = await FakeMaster.StartAsync())
        {
            credentials = master.Credentials;
        }

        using var api = MasterApi.Create(credentials);

        var error = await Assert.ThrowsAsync<AhoyException>(() => api.WhoAmIAsync(CancellationToken.None));

        Assert.Equal(ErrorCode.Unavailable, error.Code);
        Assert.Contains("ahoy up", error.Message);
    }

    [Fact]
    public async Task CopyJobLog_ConnectionRefusedMidway_PrintsEachByteOnce()
    {
        await using var master = await FakeMaster.StartAsync();
        using var api = master.Connect();
        master.Logs["stdout"] = "one\ntwo\n"u8.ToArray();
        var job = await api.SubmitAsync(new JobRequest { Image = "i", Command = ["c"] }, "key", CancellationToken.None);
        master.Refusals.Enqueue(Unwell);
        var text = new MemoryStream();

        await api.CopyJobLogAsync(job.Id, LogStream.Stdout, follow: true, part => text.Write(part), _ => { }, CancellationToken.None);

        Assert.Equal("one\ntwo\n"u8.ToArray(), text.ToArray());
    }

    [Fact]
    public async Task CopyJobLog_JobThatRunsAgain_PrintsTheNewAttemptFromItsBeginning()
    {
        await using var master = await FakeMaster.StartAsync();
        using var api = master.Connect();
        master.Outcome = job => job with { State = JobState.Complete, ExitCode = 0, Version = 2, Attempt = 2 };
        var job = await api.SubmitAsync(new JobRequest { Image = "i", Command = ["c"] }, "key", CancellationToken.None);
        master.LogAnswers.Enqueue((1, "first try\n"u8.ToArray()));
        master.LogAnswers.Enqueue((2, "again, and longer\n"u8.ToArray()));
        master.Logs["stdout"] = "again, and longer\n"u8.ToArray();
        var text = new MemoryStream();
        var told = new List<string>();

        await api.CopyJobLogAsync(job.Id, LogStream.Stdout, follow: true, part => text.Write(part), told.Add, CancellationToken.None);

        Assert.Equal("first try\nagain, and longer\n"u8.ToArray(), text.ToArray());
        Assert.Equal(["2"], told);
    }

    [Theory]
    [InlineData("ahoy.example.org:7070", "https://ahoy.example.org:7070/")]
    [InlineData("https://ahoy.example.org:7070/some/path", "https://ahoy.example.org:7070/")]
    public void ParseUrl_AddressOfAMaster_IsItsRoot(string text, string url) => Assert.Equal(url, MasterApi.ParseUrl(text).AbsoluteUri);

    [Theory]
    [InlineData("http://ahoy.example.org")]
    [InlineData("")]
    [InlineData("https://")]
    public void ParseUrl_NotHttps_IsRefused(string text) => Assert.Throws<AhoyException>(() => MasterApi.ParseUrl(text));
}
