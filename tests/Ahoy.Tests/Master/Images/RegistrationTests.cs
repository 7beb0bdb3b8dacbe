using System.Text;
using Ahoy.Contracts;
using Ahoy.Contracts.Images;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Images;

public sealed class RegistrationTests : IAsyncLifetime
{
    private TestMaster _master = null!;
    private TestClient _user = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        _user = _master.Manager;
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task HonestImage_IsRegistered_WithWhatItHolds()
    {
        var view = await _master.AddBaseAsync("base");

        Assert.Equal(("base", "Test"), (view.Name, view.OsName));
        Assert.Single(view.Layers);
        var contents = await _user.GetAsync<ImageContents>(Routes.Fill(Routes.ImageContents, "base", "base"));
        Assert.Equal(["/etc/os-release"], contents.Files);
        await _master.RestartAsync();
        Assert.Equal(view.Digest, (await _master.Manager.GetAsync<ImageView>(Routes.Fill(Routes.Image, "base", "base"))).Digest);
    }

    [Fact]
    public async Task BaseName_ThatIsTaken_IsRefused_EvenForTheSameImage()
    {
        await _master.AddBaseAsync("base");

        Assert.Equal(ErrorCode.NameTaken, (await Assert.ThrowsAsync<AhoyException>(() => _master.AddBaseAsync("base"))).Code);
        var ada = await _master.UserAsync("ada");
        Assert.Equal(ErrorCode.NameTaken, (await Assert.ThrowsAsync<AhoyException>(() => HandmadeImage.Create("ID=other\n").RegisterAsync(ada, "base", ImageKind.Base))).Code);
    }

    [Fact]
    public async Task BaseName_WantedByManyAtOnce_GoesToOne()
    {
        var images = Enumerable.Range(0, 8).Select(i => HandmadeImage.Create($"ID=test{i}\n")).ToList();
        foreach (var image in images)
            await image.UploadAsync(_user);

        var answers = await Task.WhenAll(images.Select(image => _user.SendAsync(HttpMethod.Post, Routes.Images, $$"""{"name":"base","kind":"base","manifest":"{{Digest.Of(image.Manifest)}}"}""")));

        Assert.Single(answers, answer => answer.IsSuccessStatusCode);
        var digest = (await _user.GetAsync<ImageView>(Routes.Fill(Routes.Image, "base", "base"))).Digest;
        await _master.RestartAsync();
        Assert.Equal(digest, (await _master.Manager.GetAsync<ImageView>(Routes.Fill(Routes.Image, "base", "base"))).Digest);
    }

    [Fact]
    public async Task ManifestThatLiesAboutItsLayer_IsRefused_AndTheNameStaysFree()
    {
        var honest = HandmadeImage.Create("ID=test\n");
        var other = HandmadeImage.Tar("etc/os-release", "ID=other\n");
        await _user.UploadAsync(other);

        // The config's DiffID is the honest layer's, the manifest names another.
        await RequireRefusedAsync(honest with { Layer = other, Manifest = HandmadeImage.ManifestOf(other, honest.Config) }, ErrorCode.InvalidImage);
    }

    [Fact]
    public async Task ManifestThatLiesAboutASize_IsRefused_AndTheNameStaysFree()
    {
        var honest = HandmadeImage.Create("ID=test\n");
        var text = Encoding.UTF8.GetString(honest.Manifest).Replace($"\"size\":{honest.Layer.Length}", $"\"size\":{honest.Layer.Length + 1}", StringComparison.Ordinal);

        await RequireRefusedAsync(honest with { Manifest = Encoding.UTF8.GetBytes(text) }, ErrorCode.DigestMismatch);
    }

    [Fact]
    public async Task ManifestWhoseLayerWasNotUploaded_IsRefused_AndTheNameStaysFree()
    {
        var image = HandmadeImage.Create("ID=test\n");
        await _user.UploadAsync(image.Config);
        await _user.UploadAsync(image.Manifest);

        var error = await RegisterAsync(image);

        Assert.Equal(ErrorCode.MissingBlob, error.Code);
        Assert.Contains(Digest.Of(image.Layer).ToString(), error.Message, StringComparison.Ordinal);
        await RequireFreeAsync();
    }

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("/etc/../../passwd")]
    public async Task LayerThatReachesOutside_IsRefused_AndTheNameStaysFree(string path) =>
        await RequireRefusedAsync(HandmadeImage.Of(HandmadeImage.Tar(path, "root::0:0::/:/bin/sh\n")), ErrorCode.UnsafeArchive);

    [Fact]
    public async Task BytesThatAreNoImage_AreRefused_AndTheNameStaysFree()
    {
        var honest = HandmadeImage.Create("ID=test\n");
        foreach (var bytes in new[] { "no JSON"u8.ToArray(), "{}"u8.ToArray(), "null"u8.ToArray(), "[1]"u8.ToArray(), """{"manifests":[null]}"""u8.ToArray(), """{"schemaVersion":2,"config":null,"layers":[null]}"""u8.ToArray() })
            await RequireRefusedAsync(honest with { Manifest = bytes }, ErrorCode.InvalidImage);
    }

    [Fact]
    public async Task LayerThatIsNoArchive_IsRefused_AndTheNameStaysFree()
    {
        await RequireRefusedAsync(HandmadeImage.Of(Encoding.UTF8.GetBytes(new string('x', 5000))), ErrorCode.InvalidImage);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../base")]
    [InlineData("Base")]
    [InlineData("a b")]
    public async Task UnusableName_IsRefused(string name)
    {
        var image = HandmadeImage.Create("ID=test\n");

        Assert.Equal(ErrorCode.InvalidRequest, (await Assert.ThrowsAsync<AhoyException>(() => image.RegisterAsync(_user, name, ImageKind.Base))).Code);
    }

    [Fact]
    public async Task ApplicationImage_OfTheSameNameAndOwner_IsReplaced()
    {
        await HandmadeImage.Create("ID=one\n").RegisterAsync(_user, "app", ImageKind.Application);
        var second = await HandmadeImage.Create("ID=two\n").RegisterAsync(_user, "app", ImageKind.Application);

        Assert.Equal(second.Digest, (await _user.GetAsync<ImageView>(Routes.Fill(Routes.Image, "application", "app"))).Digest);
    }

    [Fact]
    public async Task ImageBehindAnIndex_CanBeFetchedWholeByAgents()
    {
        var image = HandmadeImage.Create("ID=test\n");
        await image.UploadAsync(_user);
        var index = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{Digest.Of(image.Manifest)}}","size":{{image.Manifest.Length}}}]}""");
        await _user.UploadAsync(index);
        await _user.PostAsync<ImageRegistration, ImageView>(Routes.Images, new ImageRegistration { Name = "base", Kind = ImageKind.Base, Manifest = Digest.Of(index) });
        var agent = await _master.AgentAsync("one", 1, Requests.Gigabyte);
        await _user.SubmitAsync(Requests.Small);

        var attempt = await agent.TakeAsync();

        foreach (var part in new[] { index, image.Manifest, image.Config, image.Layer })
            Assert.Equal(part, await agent.ReadBlobAsync(attempt, Digest.Of(part)));
    }

    private async Task RequireRefusedAsync(HandmadeImage image, ErrorCode code)
    {
        await image.UploadAsync(_user);
        Assert.Equal(code, (await RegisterAsync(image)).Code);
        await RequireFreeAsync();
    }

    private Task<AhoyException> RegisterAsync(HandmadeImage image) => Assert.ThrowsAsync<AhoyException>(() => _user.PostAsync<ImageRegistration, ImageView>(
        Routes.Images, new ImageRegistration { Name = "base", Kind = ImageKind.Base, Manifest = Digest.Of(image.Manifest) }));

    private async Task RequireFreeAsync()
    {
        Assert.Empty((await _user.GetAsync<ImageList>(Routes.Images)).Images);
        var other = await HandmadeImage.Create("ID=honest\n").RegisterAsync(_user, "base", ImageKind.Base);
        using var removed = await _user.SendAsync(HttpMethod.Delete, Routes.Fill(Routes.Image, "base", other.Name), null);
        Assert.True(removed.IsSuccessStatusCode);
    }
}
