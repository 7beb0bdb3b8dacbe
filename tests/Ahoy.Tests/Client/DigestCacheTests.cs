using Ahoy.Client.Transfers;
using Ahoy.Contracts;
using Microsoft.Extensions.Time.Testing;

namespace Ahoy.Tests.Client;

public sealed class DigestCacheTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow + TimeSpan.FromHours(1));

    public void Dispose() => _folder.Dispose();

    private DigestCache NewCache() => new(Path.Combine(_folder.Path, "cache"), _time);

    private string CacheText() => File.ReadAllText(Path.Combine(_folder.Path, "cache/digests.json"));

    [Fact]
    public async Task Digest_UnchangedFile_ComesFromTheCache()
    {
        var path = _folder.Write("data", "x");
        var first = NewCache();
        await first.DigestAsync(path, CancellationToken.None);
        first.Save();
        // A lie in the cache shows that the file is not read again.
        var lie = Digest.Of("lie"u8);
        File.WriteAllText(Path.Combine(_folder.Path, "cache/digests.json"), CacheText().Replace(Digest.Of("x"u8).ToString(), lie.ToString()));

        Assert.Equal(lie, (await NewCache().DigestAsync(path, CancellationToken.None)).Digest);
    }

    [Fact]
    public async Task Digest_FileOfSameSizeAndTimeButOtherInode_IsReadAgain()
    {
        var path = _folder.Write("data", "x");
        var modified = File.GetLastWriteTimeUtc(path);
        var cache = NewCache();
        await cache.DigestAsync(path, CancellationToken.None);
        File.Move(_folder.Write("other", "y"), path, overwrite: true);
        File.SetLastWriteTimeUtc(path, modified);

        Assert.Equal(Digest.Of("y"u8), (await cache.DigestAsync(path, CancellationToken.None)).Digest);
    }

    [Fact]
    public async Task Digest_FileWrittenJustNow_IsNotRemembered()
    {
        var path = _folder.Write("data", "x");
        var cache = new DigestCache(Path.Combine(_folder.Path, "cache"), TimeProvider.System);
        await cache.DigestAsync(path, CancellationToken.None);
        cache.Save();

        Assert.False(File.Exists(Path.Combine(_folder.Path, "cache/digests.json")));
    }

    [Fact]
    public async Task Digest_DamagedCache_IsMadeAnew()
    {
        var path = _folder.Write("data", "x");
        _folder.Write("cache/digests.json", "{ not json");
        var cache = NewCache();

        Assert.Equal(Digest.Of("x"u8), (await cache.DigestAsync(path, CancellationToken.None)).Digest);
        cache.Save();

        Assert.Contains(path, CacheText());
    }

    [Fact]
    public async Task Digest_Pipe_IsRefusedInsteadOfHanging()
    {
        var error = await Assert.ThrowsAsync<AhoyException>(() => NewCache().DigestAsync("/dev/zero", CancellationToken.None));

        Assert.Contains("not a regular file", error.Message);
    }
}
