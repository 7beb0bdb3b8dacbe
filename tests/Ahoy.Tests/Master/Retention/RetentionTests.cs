using Ahoy.Contracts;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Jobs;
using Ahoy.Images.Store;
using Ahoy.Master.Retention;
using Ahoy.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Ahoy.Tests.Master.Retention;

/// <summary>What the master removes, and above all what it does not. Time is the test's.</summary>
public sealed class RetentionTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private TestMaster _master = null!;

    private BlobStore Blobs => _master.Service<BlobStore>();

    public ValueTask InitializeAsync() => StartAsync(new RetentionOptions());

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task BlobThatNothingRefersTo_IsRemovedAfterAWhile_AndIsMissingForItsUser()
    {
        var bytes = "forgotten"u8.ToArray();
        await _master.Manager.UploadAsync(bytes);
        await PassAsync(TimeSpan.FromDays(6));
        Assert.True(Blobs.Contains(Digest.Of(bytes)));

        await PassAsync(TimeSpan.FromDays(2));

        Assert.False(Blobs.Contains(Digest.Of(bytes)));
        Assert.Equal([Digest.Of(bytes)], await _master.Manager.MissingAsync(Digest.Of(bytes)));
        await _master.Manager.UploadAsync(bytes);
        Assert.Empty(await _master.Manager.MissingAsync(Digest.Of(bytes)));
    }

    [Fact]
    public async Task BlobThatAClientWasJustToldToBeThere_StaysUntilItsJobIsSubmitted()
    {
        var input = await InputAsync("data");
        await PassAsync(TimeSpan.FromDays(6));
        Assert.Empty(await _master.Manager.MissingAsync(input.Digest));

        await PassAsync(TimeSpan.FromDays(5));

        Assert.True(Blobs.Contains(input.Digest));
        var job = await _master.Manager.SubmitAsync(Requests.Small with { Inputs = [input] });
        await PassAsync(TimeSpan.FromDays(30));
        await PassAsync(TimeSpan.FromDays(30));
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        var attempt = await agent.TakeAsync();
        Assert.Equal(job.Id, attempt.Job);
        Assert.Equal("data"u8.ToArray(), await agent.ReadBlobAsync(attempt, input.Digest));
    }

    [Fact]
    public async Task ImageOfAName_AndOfAQueuedJob_Stays_WithoutBothItIsRemoved()
    {
        var image = await _master.Manager.GetAsync<ImageView>(Routes.Fill(Routes.Image, "base", "base"));
        var parts = image.Layers.Select(layer => layer.Digest).Append(image.Digest).ToList();
        await PassAsync(TimeSpan.FromDays(30));
        await PassAsync(TimeSpan.FromDays(30));
        Assert.All(parts, part => Assert.True(Blobs.Contains(part)));

        var job = await _master.Manager.SubmitAsync(Requests.Small);
        using (await _master.Manager.SendAsync(HttpMethod.Delete, Routes.Fill(Routes.Image, "base", "base"), null))
        {
        }

        await PassAsync(TimeSpan.FromDays(30));
        await PassAsync(TimeSpan.FromDays(30));
        Assert.All(parts, part => Assert.True(Blobs.Contains(part)));

        await _master.Manager.CancelAsync(job.Id);
        await PassAsync(TimeSpan.FromDays(30));
        await PassAsync(TimeSpan.FromDays(30));
        Assert.All(parts, part => Assert.False(Blobs.Contains(part)));
    }

    [Fact]
    public async Task BlobThatLostItsLastReferenceJustNow_OutlivesTheNextCollection()
    {
        var image = await _master.Manager.GetAsync<ImageView>(Routes.Fill(Routes.Image, "base", "base"));
        await PassAsync(TimeSpan.FromDays(30));
        using (await _master.Manager.SendAsync(HttpMethod.Delete, Routes.Fill(Routes.Image, "base", "base"), null))
        {
        }

        await _master.Service<RetentionRun>().RunAsync(TestContext.Current.CancellationToken);

        Assert.True(Blobs.Contains(image.Digest));
    }

    [Fact]
    public async Task Results_AreKeptForEver_UnlessTheManagerSaysOtherwise()
    {
        var (job, output) = await EndedJobAsync();

        await PassAsync(TimeSpan.FromDays(40));
        await PassAsync(TimeSpan.FromDays(40));

        Assert.True(Blobs.Contains(output.Digest));
        Assert.Equal("result"u8.ToArray(), await _master.Manager.OutputAsync(job, "a"));
        Assert.Equal("printed", await _master.Manager.LogAsync(job, LogStream.Stdout));
        Assert.Null((await _master.Manager.JobAsync(job)).ResultsRemovedAt);
    }

    [Fact]
    public async Task Results_OverTheirAge_AreRemoved_AndTheJobSaysSo()
    {
        await _master.DisposeAsync();
        await StartAsync(new RetentionOptions { Results = TimeSpan.FromDays(20) });
        var (job, output) = await EndedJobAsync();
        await PassAsync(TimeSpan.FromDays(19));
        Assert.Equal("result"u8.ToArray(), await _master.Manager.OutputAsync(job, "a"));

        await PassAsync(TimeSpan.FromDays(2));
        await PassAsync(TimeSpan.FromDays(8));

        Assert.False(Blobs.Contains(output.Digest));
        Assert.Empty(Directory.GetFiles(Path.Combine(_master.DataDirectory, "logs")));
        var view = await _master.Manager.JobAsync(job);
        Assert.Equal(JobState.Complete, view.State);
        Assert.NotNull(view.ResultsRemovedAt);
        var refused = await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.OutputAsync(job, "a"));
        Assert.Equal(ErrorCode.NotFound, refused.Code);
        Assert.Contains("removed on", refused.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<AhoyException>(() => _master.Manager.LogAsync(job, LogStream.Stdout))).Code);
    }

    [Fact]
    public async Task LogsOfARepeatedAttempt_AndOldBuildLogs_AndUnfinishedFiles_Go_ThoseInUseStay()
    {
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.Small);
        await agent.ContactAsync(ScriptedAgent.Printed(await agent.TakeAsync(), JobState.Running, 0, "first"u8.ToArray()));
        agent.Forget();
        await agent.ContactAsync(ScriptedAgent.Printed(await agent.TakeAsync(), JobState.Running, 0, "second"u8.ToArray()));
        var build = Write("builds/0123.log");
        var temporary = Write("tmp/left-over");
        await _master.Manager.UploadAsync(Routes.Fill(Routes.Upload, Digest.Of("whole"u8)), 0, 5, new ByteArrayContent("who"u8.ToArray()));

        await PassAsync(TimeSpan.FromDays(8));

        Assert.Equal("second", await _master.Manager.LogAsync(job.Id, LogStream.Stdout));
        Assert.Equal(["2"], Directory.GetFiles(Path.Combine(_master.DataDirectory, "logs")).Select(file => Path.GetFileName(file).Split('.')[1]));
        Assert.False(File.Exists(build));
        Assert.False(File.Exists(temporary));
        Assert.Empty(Directory.GetFiles(Path.Combine(_master.DataDirectory, "blobs", "uploads")));
    }

    [Fact]
    public void Sample_HoldsTheDefaults() =>
        Assert.Equal(new RetentionOptions(), Ahoy.Master.MasterConfiguration.Load(Path.Combine(Repository.Root, "config", "master.toml")));

    [Fact]
    public void Configuration_AllFaultsAreToldTogether()
    {
        var error = Assert.Throws<AhoyException>(() => Ahoy.Master.MasterConfiguration.Parse("port = 1\n[retention]\nresults = 30\nunused = \"1m\"\nblobs = \"1d\"", "master.toml"));

        foreach (var fault in (string[])["port is not", "results is 30", "unused is \"1m\"", "blobs is not"])
            Assert.Contains(fault, error.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromDays(90), Ahoy.Master.MasterConfiguration.Parse("[retention]\nresults = \"90d\"", "master.toml").Results);
    }

    private async ValueTask StartAsync(RetentionOptions retention)
    {
        _master = await TestMaster.StartAsync(_time, options => options with { Retention = retention });
        await _master.AddBaseAsync("base");
        // The tests say when it looks.
        await _master.Service<RetentionRun>().StopAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Time passes, and then the master looks twice: the first look only notes what is without reference.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        await _master.Service<RetentionRun>().RunAsync(TestContext.Current.CancellationToken);
        await _master.Service<RetentionRun>().RunAsync(TestContext.Current.CancellationToken);
    }

    private async Task<JobInput> InputAsync(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        await _master.Manager.UploadAsync(bytes);
        return new JobInput { Path = "in", Digest = Digest.Of(bytes), Size = bytes.Length };
    }

    private async Task<(JobId Job, OutputFile Output)> EndedJobAsync()
    {
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        var job = await _master.Manager.SubmitAsync(Requests.WithOutputs("a"));
        var attempt = await agent.TakeAsync();
        await agent.ContactAsync(ScriptedAgent.Printed(attempt, JobState.Running, 0, "printed"u8.ToArray()));
        var output = await agent.DeliverAsync(attempt, "a", "result"u8.ToArray());
        await agent.CompleteAsync(attempt, output);
        return (job.Id, output);
    }

    private string Write(string path)
    {
        var file = Path.Combine(_master.DataDirectory, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "x");
        return file;
    }
}
