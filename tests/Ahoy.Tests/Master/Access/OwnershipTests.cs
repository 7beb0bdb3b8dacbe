using Ahoy.Contracts;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Access;

/// <summary>Users see what is theirs, and knowing the digest of somebody's bytes gives nobody those bytes.</summary>
public sealed class OwnershipTests : IAsyncLifetime
{
    private static readonly byte[] Secret = "ada's own data"u8.ToArray();
    private TestMaster _master = null!;
    private TestClient _ada = null!;
    private TestClient _bob = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        await _master.AddBaseAsync("base");
        _ada = await _master.UserAsync("ada");
        _bob = await _master.UserAsync("bob");
        await _ada.UploadAsync(Secret);
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Jobs_OfOthers_LookAsIfTheyWereNotThere()
    {
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        var job = await _ada.SubmitAsync(Requests.WithOutputs("a"));
        var attempt = await agent.TakeAsync();
        await agent.ContactAsync(ScriptedAgent.Printed(attempt, JobState.Running, 0, "private"u8.ToArray()));
        await agent.CompleteAsync(attempt, await agent.DeliverAsync(attempt, "a", "private"u8.ToArray()));
        Assert.Equal("private", await _ada.LogAsync(job.Id, LogStream.Stdout));

        foreach (var (method, route) in new[]
        {
            (HttpMethod.Get, Routes.Fill(Routes.Job, job.Id)),
            (HttpMethod.Get, Routes.Fill(Routes.JobLog, job.Id, "stdout")),
            (HttpMethod.Get, Routes.Fill(Routes.JobOutput, job.Id, "a")),
            (HttpMethod.Post, Routes.Fill(Routes.JobCancel, job.Id)),
        })
        {
            var there = await _bob.RefusedAsync(method, route, null);
            var notThere = await _bob.RefusedAsync(method, route.Replace($"/{job.Id}", "/999", StringComparison.Ordinal), null);
            Assert.Equal((404, ErrorCode.NotFound), (there.Status, there.Code));
            Assert.Equal(notThere.Detail.Replace("999", "N", StringComparison.Ordinal), there.Detail.Replace(job.Id.ToString(), "N", StringComparison.Ordinal));
        }

        Assert.Empty((await _bob.GetAsync<JobList>(Routes.Jobs)).Jobs);
        Assert.Equal(JobState.Complete, (await _ada.JobAsync(job.Id)).State);
    }

    [Fact]
    public async Task ApplicationImages_OfOthers_CanNeitherBeSeenNorUsedNorRemoved()
    {
        await HandmadeImage.Create("ID=ada\n").RegisterAsync(_ada, "mine", ImageKind.Application);

        Assert.DoesNotContain((await _bob.GetAsync<ImageList>(Routes.Images)).Images, image => image.Name == "mine");
        Assert.Equal(404, (await _bob.RefusedAsync(HttpMethod.Get, Routes.Fill(Routes.Image, "application", "mine"), null)).Status);
        Assert.Equal(404, (await _bob.RefusedAsync(HttpMethod.Get, Routes.Fill(Routes.ImageContents, "application", "mine"), null)).Status);
        Assert.Equal(404, (await _bob.RefusedAsync(HttpMethod.Delete, Routes.Fill(Routes.Image, "application", "mine"), null)).Status);
        Assert.Equal(ErrorCode.UnknownImage, (await Assert.ThrowsAsync<AhoyException>(() => _bob.SubmitAsync(Requests.Small with { Image = "mine" }))).Code);
        var build = new BuildRequest { Name = "copy", Base = "mine" };
        Assert.Equal(ErrorCode.UnknownBase, (await Assert.ThrowsAsync<AhoyException>(() => _bob.PostAsync<BuildRequest, BuildView>(Routes.Builds, build))).Code);
        Assert.Equal("mine", (await _ada.GetAsync<ImageView>(Routes.Fill(Routes.Image, "application", "mine"))).Name);
    }

    [Fact]
    public async Task BasesOfManagers_CanBeUsedByAll_ButOnlyAManagerRemovesThem()
    {
        Assert.Equal(JobState.Queued, (await _bob.SubmitAsync(Requests.Small)).State);
        Assert.Equal(403, (await _bob.RefusedAsync(HttpMethod.Delete, Routes.Fill(Routes.Image, "base", "base"), null)).Status);
        using var removed = await _master.Manager.SendAsync(HttpMethod.Delete, Routes.Fill(Routes.Image, "base", "base"), null);
        Assert.True(removed.IsSuccessStatusCode);
    }

    [Fact]
    public async Task BasesOfOrdinaryUsers_AreTheirsAlone_AndTakeNoNameFromOthers()
    {
        var adas = await HandmadeImage.Create("ID=ada\n").RegisterAsync(_ada, "special", ImageKind.Base);
        Assert.True(adas.Private);

        Assert.Equal(404, (await _bob.RefusedAsync(HttpMethod.Get, Routes.Fill(Routes.Image, "base", "special"), null)).Status);
        Assert.Equal(ErrorCode.UnknownImage, (await Assert.ThrowsAsync<AhoyException>(() => _bob.SubmitAsync(Requests.Small with { Image = "special" }))).Code);
        var bobs = await HandmadeImage.Create("ID=bob\n").RegisterAsync(_bob, "special", ImageKind.Base);
        var shared = await _master.AddBaseAsync("special");

        await _master.RestartAsync();

        var (ada, bob, carol) = (_master.Connect(_ada.Token), _master.Connect(_bob.Token), await _master.UserAsync("carol"));
        Assert.Equal(adas.Digest, (await ada.SubmitAsync(Requests.Small with { Image = "special" })).ImageDigest);
        Assert.Equal(bobs.Digest, (await bob.SubmitAsync(Requests.Small with { Image = "special" })).ImageDigest);
        Assert.Equal(shared.Digest, (await carol.SubmitAsync(Requests.Small with { Image = "special" })).ImageDigest);
        Assert.Equal(ErrorCode.NameTaken, (await Assert.ThrowsAsync<AhoyException>(() => HandmadeImage.Create("ID=x\n").RegisterAsync(carol, "special", ImageKind.Base))).Code);
        using var removed = await ada.SendAsync(HttpMethod.Delete, Routes.Fill(Routes.Image, "base", "special"), null);
        Assert.True(removed.IsSuccessStatusCode);
        Assert.Equal(shared.Digest, (await ada.SubmitAsync(Requests.Small with { Image = "special" })).ImageDigest);
    }

    [Fact]
    public async Task Builds_OfOthers_LookAsIfTheyWereNotThere()
    {
        var build = await _ada.PostAsync<BuildRequest, BuildView>(Routes.Builds, new BuildRequest { Name = "app", Base = "base" });

        Assert.Equal(404, (await _bob.RefusedAsync(HttpMethod.Get, Routes.Fill(Routes.Build, build.Id), null)).Status);
        Assert.Equal(404, (await _bob.RefusedAsync(HttpMethod.Get, Routes.Fill(Routes.BuildLog, build.Id), null)).Status);
        Assert.Equal(build.Id, (await _ada.GetAsync<BuildView>(Routes.Fill(Routes.Build, build.Id) + "?wait=20")).Id);
    }

    [Fact]
    public async Task Digest_OfAnothersBlob_IsMissing_AndItsUploadStandsAtZero()
    {
        var digest = Digest.Of(Secret);

        Assert.Empty(await _ada.MissingAsync(digest));
        Assert.Equal([digest], await _bob.MissingAsync(digest));
        var view = await _bob.GetAsync<UploadView>(Routes.Fill(Routes.Upload, digest));
        Assert.Equal((0L, false), (view.Offset, view.Complete));
    }

    [Fact]
    public async Task Digest_OfAnothersBlob_CanNotBeUsedAsInputBuildFileOrImage()
    {
        var digest = Digest.Of(Secret);
        var job = Requests.Small with { Inputs = [new JobInput { Path = "x", Digest = digest, Size = Secret.Length }] };
        var build = new BuildRequest { Name = "app", Base = "base", Files = [new BuildFile { Path = "app/x", Digest = digest, Size = Secret.Length }] };
        var image = new ImageRegistration { Name = "stolen", Kind = ImageKind.Application, Manifest = digest };

        Assert.Equal(ErrorCode.MissingBlob, (await Assert.ThrowsAsync<AhoyException>(() => _bob.SubmitAsync(job))).Code);
        Assert.Equal(ErrorCode.MissingBlob, (await Assert.ThrowsAsync<AhoyException>(() => _bob.PostAsync<BuildRequest, BuildView>(Routes.Builds, build))).Code);
        Assert.Equal(ErrorCode.MissingBlob, (await Assert.ThrowsAsync<AhoyException>(() => _bob.PostAsync<ImageRegistration, ImageView>(Routes.Images, image))).Code);
        Assert.Equal(JobState.Queued, (await _ada.SubmitAsync(job)).State);
    }

    [Fact]
    public async Task ManifestThatNamesAnothersBlobs_IsAnsweredAsIfTheyWereNotThere()
    {
        var there = await RegisterAroundAsync(Secret);
        var notThere = await RegisterAroundAsync("nobody's data."u8.ToArray());

        Assert.Equal(ErrorCode.MissingBlob, there.Code);
        Assert.Equal(notThere.Code, there.Code);
        Assert.Equal(notThere.Message.Replace(Digest.Of("nobody's data."u8).ToString(), "D", StringComparison.Ordinal), there.Message.Replace(Digest.Of(Secret).ToString(), "D", StringComparison.Ordinal));
    }

    [Fact]
    public async Task UploadOfWhatAnotherHas_NeedsAllItsBytes_AndThenCounts()
    {
        await _bob.UploadAsync(Secret);

        Assert.Empty(await _bob.MissingAsync(Digest.Of(Secret)));
    }

    [Fact]
    public async Task Agent_ReadsTheBlobsOfTheAttemptsThatItHolds_AndNoOthers()
    {
        await _ada.UploadAsync("input"u8.ToArray());
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        var other = await _master.AgentAsync("two", 1, Requests.Gigabyte);
        var job = await _ada.SubmitAsync(Requests.Small with { Inputs = [new JobInput { Path = "x", Digest = Digest.Of("input"u8), Size = 5 }] });
        var attempt = await agent.TakeAsync();
        var layer = (await _master.Manager.GetAsync<ImageView>(Routes.Fill(Routes.Image, "base", "base"))).Layers[0].Digest;

        Assert.Equal("input"u8.ToArray(), await agent.ReadBlobAsync(attempt, Digest.Of("input"u8)));
        Assert.Equal(layer, Digest.Of(await agent.ReadBlobAsync(attempt, layer)));
        Assert.Equal(job.ImageDigest, Digest.Of(await agent.ReadBlobAsync(attempt, job.ImageDigest)));
        Assert.Equal(ErrorCode.MissingBlob, (await Assert.ThrowsAsync<AhoyException>(() => agent.ReadBlobAsync(attempt, Digest.Of(Secret)))).Code);
        Assert.Equal(ErrorCode.StaleAttempt, (await Assert.ThrowsAsync<AhoyException>(() => other.ReadBlobAsync(attempt, layer))).Code);
        Assert.Equal(ErrorCode.StaleAttempt, (await Assert.ThrowsAsync<AhoyException>(() => other.DeliverAsync(attempt, "a", "x"u8.ToArray()))).Code);
        Assert.Equal(ErrorCode.StaleAttempt, (await Assert.ThrowsAsync<AhoyException>(() => agent.ReadBlobAsync(attempt with { Number = 2 }, layer))).Code);
        await agent.CompleteAsync(attempt);
        Assert.Equal(ErrorCode.StaleAttempt, (await Assert.ThrowsAsync<AhoyException>(() => agent.ReadBlobAsync(attempt, layer))).Code);
    }

    [Fact]
    public async Task ReportsAboutAnothersAttempt_ChangeNothing()
    {
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        var job = await _ada.SubmitAsync(Requests.Small);
        var attempt = await agent.TakeAsync();
        var other = await _master.AgentAsync("two", 1, Requests.Gigabyte);

        await other.ContactAsync(ScriptedAgent.Printed(attempt, JobState.Running, 0, "not its own"u8.ToArray()), ScriptedAgent.Completed(attempt));

        Assert.Equal(JobState.Assigned, (await _ada.JobAsync(job.Id)).State);
        Assert.Equal("", await _ada.LogAsync(job.Id, LogStream.Stdout));
    }

    private async Task<AhoyException> RegisterAroundAsync(byte[] config)
    {
        var layer = HandmadeImage.Tar("a", "b");
        var manifest = HandmadeImage.ManifestOf(layer, config);
        await _bob.UploadAsync(layer);
        await _bob.UploadAsync(manifest);
        return await Assert.ThrowsAsync<AhoyException>(() => _bob.PostAsync<ImageRegistration, ImageView>(
            Routes.Images, new ImageRegistration { Name = "probe", Kind = ImageKind.Application, Manifest = Digest.Of(manifest) }));
    }
}
