using Ahoy.Contracts;
using Ahoy.Contracts.Builds;
using Ahoy.Contracts.Images;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Builds;

/// <summary>Builds that need no container: files only.</summary>
public sealed class BuildTests : IAsyncLifetime
{
    private static readonly byte[] Script = "#!/bin/sh\necho hello\n"u8.ToArray();
    private TestMaster _master = null!;
    private TestClient _user = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        await _master.AddBaseAsync("base");
        _user = _master.Manager;
        await _user.UploadAsync(Script);
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task Build_OfFiles_MakesAnImageOnItsBase()
    {
        var build = await BuildAsync(_user, Request("app"));

        Assert.Equal((BuildState.Complete, false, null), (build.State, build.FromStore, build.Error));
        var image = await _user.GetAsync<ImageView>(Routes.Fill(Routes.Image, "application", "app"));
        Assert.Equal((build.Image, "base"), (image.Digest, image.Base));
        Assert.Equal([null, "files"], image.Layers.Select(layer => layer.Role));
        var contents = await _user.GetAsync<ImageContents>(Routes.Fill(Routes.ImageContents, "application", "app"));
        Assert.Equal(["/app/link", "/app/script", "/etc/os-release"], contents.Files);
        using var log = await _user.SendAsync(HttpMethod.Get, Routes.Fill(Routes.BuildLog, build.Id), null);
        Assert.Contains("Base base", await log.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Build_OfTheSameInputs_ComesFromTheStore_WithTheSameDigest_InAnyOrderAndForEverybody()
    {
        var first = await BuildAsync(_user, Request("app"));
        var reordered = Request("again");
        var second = await BuildAsync(_user, reordered with { Files = [.. reordered.Files.Reverse()] });
        var ada = await _master.UserAsync("ada");
        await ada.UploadAsync(Script);
        var third = await BuildAsync(ada, Request("hers"));
        await _master.RestartAsync();
        var fourth = await BuildAsync(_master.Manager, Request("later"));

        foreach (var build in new[] { second, third, fourth })
            Assert.Equal((BuildState.Complete, true, first.Image), (build.State, build.FromStore, build.Image));
    }

    [Fact]
    public async Task Build_OnTwoMasters_GivesTheSameDigest()
    {
        await using var other = await TestMaster.StartAsync();
        await other.AddBaseAsync("base");
        await other.Manager.UploadAsync(Script);

        Assert.Equal((await BuildAsync(_user, Request("app"))).Image, (await BuildAsync(other.Manager, Request("app"))).Image);
    }

    [Fact]
    public async Task Build_WithAnyOtherInput_IsAnotherImage()
    {
        await _user.UploadAsync("other"u8.ToArray());
        var request = Request("app");
        BuildRequest[] others =
        [
            request with { Files = [.. request.Files.Select(file => file with { Executable = !file.Executable })] },
            request with { Files = [.. request.Files.Take(1)] },
            request with { Files = [request.Files[0] with { Digest = Digest.Of("other"u8), Size = 5 }, request.Files[1]] },
            request with { Files = [request.Files[0], request.Files[1] with { Target = "elsewhere" }] },
            request with { Files = [], Dependencies = request.Files },
            request with { Entrypoint = ["/app/script"] },
        ];

        var digests = new List<Digest?> { (await BuildAsync(_user, request)).Image };
        foreach (var other in others)
        {
            var build = await BuildAsync(_user, other);
            Assert.False(build.FromStore, build.Error);
            digests.Add(build.Image);
        }

        Assert.DoesNotContain(null, digests);
        Assert.Equal(digests.Count, digests.Distinct().Count());
    }

    [Fact]
    public async Task Build_OnAnApplicationImage_AddsToIt()
    {
        await BuildAsync(_user, Request("app"));

        var build = await BuildAsync(_user, Request("more") with { Base = "app", Files = [new BuildFile { Path = "app/two", Digest = Digest.Of(Script), Size = Script.Length }] });

        Assert.Equal(BuildState.Complete, build.State);
        Assert.Equal(3, (await _user.GetAsync<ImageView>(Routes.Fill(Routes.Image, "application", "more"))).Layers.Count);
    }

    [Fact]
    public async Task UnknownBase_IsRefused_NamingThoseThereAre()
    {
        var error = await RefusedAsync(Request("app") with { Base = "debian99" });

        Assert.Equal(ErrorCode.UnknownBase, error.Code);
        Assert.Contains("there are base", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-o=x")]
    [InlineData("-oAPT::Update::Pre-Invoke::=touch /pwned")]
    [InlineData("/tmp/x.deb")]
    [InlineData("./x.deb")]
    [InlineData("numpy;reboot")]
    [InlineData("libc6-")]
    [InlineData("a b")]
    [InlineData("")]
    public async Task PackageName_ThatAptWouldTakeForSomethingElse_IsRefused(string name)
    {
        Assert.Equal(ErrorCode.InvalidRequest, (await RefusedAsync(Request("app") with { Packages = [name] })).Code);
    }

    [Fact]
    public async Task UnusableRequests_AreRefusedInWords()
    {
        var file = new BuildFile { Path = "app/x", Digest = Digest.Of(Script), Size = Script.Length };
        BuildRequest[] unusable =
        [
            Request("Not A Name"),
            Request("app") with { Files = [file with { Path = "../x" }] },
            Request("app") with { Files = [file with { Path = "/x" }] },
            Request("app") with { Files = [file with { Digest = null }] },
            Request("app") with { Files = [new BuildFile { Path = "x", Type = BuildFileType.Symlink }] },
            Request("app") with { Programs = ["relative"] },
        ];

        foreach (var request in unusable)
            Assert.Equal(ErrorCode.InvalidRequest, (await RefusedAsync(request)).Code);
    }

    [Theory]
    [InlineData("""{"name":"app","base":"base","files":[null]}""")]
    [InlineData("""{"name":"app","base":"base","dependencies":[null]}""")]
    [InlineData("""{"name":"app","base":"base","packages":[null]}""")]
    [InlineData("""{"name":"app","base":"base","programs":[null]}""")]
    [InlineData("""{"name":"app","base":"base","entrypoint":[null]}""")]
    [InlineData("""{"name":"app","base":null}""")]
    [InlineData("""{"name":"app","base":"base","files":null}""")]
    public async Task BrokenJson_IsRefusedAsAnInvalidRequest(string json)
    {
        var problem = await _user.RefusedAsync(HttpMethod.Post, Routes.Builds, json);

        Assert.Equal((400, ErrorCode.InvalidRequest), (problem.Status, problem.Code));
    }

    [Fact]
    public async Task FileWhoseSizeIsALie_FailsTheBuild_AndTheNameIsNotGiven()
    {
        var build = await BuildAsync(_user, Request("app") with { Files = [new BuildFile { Path = "app/x", Digest = Digest.Of(Script), Size = Script.Length + 1 }] });

        Assert.Equal(BuildState.Failed, build.State);
        Assert.Contains("app/x", build.Error, StringComparison.Ordinal);
        Assert.Equal(404, (await _user.RefusedAsync(HttpMethod.Get, Routes.Fill(Routes.Image, "application", "app"), null)).Status);
    }

    [Fact]
    public async Task BuildThatNeedsAContainer_WithoutARuntime_FailsSayingSo()
    {
        var build = await BuildAsync(_user, Request("app") with { Packages = ["hello"] });

        Assert.Equal(BuildState.Failed, build.State);
        Assert.Contains("runtime", build.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task EqualBuilds_AtTheSameTime_AreDoneOnce()
    {
        var builds = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => BuildAsync(_user, Request($"app{i}"))));

        Assert.Single(builds, build => !build.FromStore);
        Assert.Single(builds.Select(build => build.Image).Distinct());
    }

    private static BuildRequest Request(string name) => new()
    {
        Name = name,
        Base = "base",
        Files =
        [
            new BuildFile { Path = "app/script", Digest = Digest.Of(Script), Size = Script.Length, Executable = true },
            new BuildFile { Path = "app/link", Type = BuildFileType.Symlink, Target = "script" },
        ],
    };

    private static async Task<BuildView> BuildAsync(TestClient user, BuildRequest request)
    {
        var build = await user.PostAsync<BuildRequest, BuildView>(Routes.Builds, request);
        build = await user.GetAsync<BuildView>(Routes.Fill(Routes.Build, build.Id) + "?wait=30");
        return build.State != BuildState.Running ? build : throw new TimeoutException("The build did not end within 30 s.");
    }

    private Task<AhoyException> RefusedAsync(BuildRequest request) =>
        Assert.ThrowsAsync<AhoyException>(() => _user.PostAsync<BuildRequest, BuildView>(Routes.Builds, request));
}
