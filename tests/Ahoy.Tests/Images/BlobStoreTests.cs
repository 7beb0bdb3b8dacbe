using System.Text;
using Ahoy.Contracts;
using Ahoy.Images.Layers;
using Ahoy.Images.Store;
using Microsoft.Extensions.Time.Testing;

namespace Ahoy.Tests.Images;

public sealed class BlobStoreTests : IDisposable
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("twelve bytes");
    private static readonly Digest ContentDigest = Digest.Of(Content);

    private readonly TemporaryDirectory _temporary = new();
    private readonly BlobStore _store;

    public BlobStoreTests() => _store = new BlobStore(_temporary.Path);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Add_Bytes_CanBeOpenedByTheirDigest()
    {
        var digest = await _store.AddAsync(new MemoryStream(Content), ContentDigest, Content.Length, Token);

        await using var stream = await _store.OpenAsync(digest, Token);
        Assert.Equal(ContentDigest, await Digest.OfAsync(stream, Token));
        Assert.Equal(Content.Length, _store.Size(digest));
        Assert.True(File.Exists(_temporary[$"blobs/sha256/{digest.Hex}"]));
    }

    [Fact]
    public async Task Add_OtherBytesThanAnnounced_StoresNothing()
    {
        var other = Digest.Of("other"u8);
        var error = await Assert.ThrowsAsync<AhoyException>(() => _store.AddAsync(new MemoryStream(Content), other, null, Token));

        Assert.Equal(ErrorCode.DigestMismatch, error.Code);
        Assert.False(_store.Contains(other) || _store.Contains(ContentDigest));
        Assert.Empty(Directory.GetFiles(_temporary["tmp"]));
    }

    [Fact]
    public async Task Open_Unknown_SaysMissingBlob() =>
        Assert.Equal(ErrorCode.MissingBlob, (await Assert.ThrowsAsync<AhoyException>(() => _store.OpenAsync(ContentDigest, Token))).Code);

    [Fact]
    public async Task Delete_Twice_IsDone()
    {
        await _store.AddAsync(Content, Token);
        _store.Delete(ContentDigest);
        _store.Delete(ContentDigest);
        Assert.False(_store.Contains(ContentDigest));
    }

    [Fact]
    public async Task Append_InPieces_CompletesWithTheLast()
    {
        var first = await AppendAsync("joe", 0, Content[..5]);
        Assert.Equal((5, false), (first.Offset, first.Complete));
        Assert.Equal(5, _store.GetUpload("joe", ContentDigest).Offset);

        var last = await AppendAsync("joe", 5, Content[5..]);

        Assert.True(last.Complete);
        Assert.True(_store.Contains(ContentDigest));
        Assert.Empty(Directory.GetFiles(_temporary["uploads"]));
    }

    [Fact]
    public async Task Append_CutConnection_KeepsWhatCame()
    {
        await Assert.ThrowsAsync<IOException>(() => _store.AppendAsync("joe", ContentDigest, Content.Length, 0, new CutStream(Content[..7]), Token));

        Assert.Equal(7, _store.GetUpload("joe", ContentDigest).Offset);
        Assert.True((await AppendAsync("joe", 7, Content[7..])).Complete);
    }

    [Fact]
    public async Task Append_NotWhereTheUploadStands_SaysOffsetMismatch()
    {
        await AppendAsync("joe", 0, Content[..5]);
        var error = await Assert.ThrowsAsync<AhoyException>(() => AppendAsync("joe", 4, Content[4..]));

        Assert.Equal(ErrorCode.OffsetMismatch, error.Code);
        Assert.Equal(5, _store.GetUpload("joe", ContentDigest).Offset);
    }

    [Fact]
    public async Task Append_MoreThanAnnounced_KeepsNothingOfTheCall()
    {
        await AppendAsync("joe", 0, Content[..5]);
        var error = await Assert.ThrowsAsync<AhoyException>(() => AppendAsync("joe", 5, [.. Content[5..], 1]));

        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.True((await AppendAsync("joe", 5, Content[5..])).Complete);
    }

    [Fact]
    public async Task Append_TamperedBytes_AreDiscarded()
    {
        await AppendAsync("joe", 0, Content[..5]);
        var error = await Assert.ThrowsAsync<AhoyException>(() => AppendAsync("joe", 5, [.. Content[5..^1], 0]));

        Assert.Equal(ErrorCode.DigestMismatch, error.Code);
        Assert.False(_store.Contains(ContentDigest));
        Assert.Equal(0, _store.GetUpload("joe", ContentDigest).Offset);
    }

    [Fact]
    public async Task Append_TwoOwners_DoNotDisturbEachOther()
    {
        await AppendAsync("joe", 0, Content[..5]);
        Assert.Equal(0, _store.GetUpload("eve", ContentDigest).Offset);
        await Assert.ThrowsAsync<AhoyException>(() => AppendAsync("eve", 0, Encoding.UTF8.GetBytes("evil  bytes!")));

        Assert.True((await AppendAsync("joe", 5, Content[5..])).Complete);
    }

    [Fact]
    public async Task Append_SecondCallMeanwhile_IsRefusedAndTheFirstGoesOn()
    {
        var body = new HeldStream(Content);
        var first = _store.AppendAsync("joe", ContentDigest, Content.Length, 0, body, Token);
        await body.Reading;

        var error = await Assert.ThrowsAsync<AhoyException>(() => AppendAsync("joe", 0, Content));
        body.Release();

        Assert.Equal(ErrorCode.Conflict, error.Code);
        Assert.True((await first).Complete);
    }

    [Fact]
    public async Task Append_EmptyBlob_IsCompleteAtOnce()
    {
        var view = await _store.AppendAsync("joe", Digest.Of([]), 0, 0, new MemoryStream(), Token);
        Assert.True(view.Complete);
        Assert.Equal(0, _store.Size(Digest.Of([])));
    }

    [Fact]
    public async Task Append_InManyPieces_ReadsNothingAgain_ExceptOnceAfterARestart()
    {
        for (var offset = 0; offset < 8; offset++)
            await AppendAsync("joe", offset, Content[offset..(offset + 1)]);
        Assert.Equal(0, _store.ReadAgain);

        var restarted = new BlobStore(_store.Root);
        await restarted.AppendAsync("joe", ContentDigest, Content.Length, 8, new MemoryStream(Content[8..9]), Token);
        Assert.True((await restarted.AppendAsync("joe", ContentDigest, Content.Length, 9, new MemoryStream(Content[9..]), Token)).Complete);

        Assert.Equal(8, restarted.ReadAgain);
        Assert.Equal(Content, await File.ReadAllBytesAsync(restarted.FileOf(ContentDigest), Token));
    }

    [Fact]
    public async Task Append_BeyondTheOwnersQuotaOfUnfinishedUploads_IsRefused_OthersAndEndedOnesDoNotCount()
    {
        var store = new BlobStore(_store.Root) { UnfinishedBytesPerOwner = 20 };
        await store.AppendAsync("joe", Digest.Of("first"u8), 15, 0, new MemoryStream(new byte[12]), Token);

        var refusal = await Assert.ThrowsAsync<AhoyException>(() => store.AppendAsync("joe", ContentDigest, Content.Length, 0, new MemoryStream(Content), Token));

        Assert.Equal((ErrorCode.Conflict, true), (refusal.Code, refusal.Transient));
        Assert.True((await store.AppendAsync("eve", ContentDigest, Content.Length, 0, new MemoryStream(Content), Token)).Complete);
        Assert.True((await store.AppendAsync("eve", Digest.Of(new byte[19]), 19, 0, new MemoryStream(new byte[19]), Token)).Complete);
    }

    [Fact]
    public async Task PurgeUploads_OlderThan_AreGoneYoungerStay()
    {
        await AppendAsync("joe", 0, Content[..5]);
        await AppendAsync("eve", 0, Content[..6]);
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow + TimeSpan.FromHours(2));
        var young = Directory.GetFiles(_temporary["uploads"]).Single(file => new FileInfo(file).Length == 6);
        File.SetLastWriteTimeUtc(young, clock.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(59));

        _store.PurgeUploads(TimeSpan.FromHours(1), clock);

        Assert.Equal(0, _store.GetUpload("joe", ContentDigest).Offset);
        Assert.Equal(6, _store.GetUpload("eve", ContentDigest).Offset);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(40)]
    public async Task AddBatch_ManyBlobs_AreAllThere(int count)
    {
        var contents = Enumerable.Range(0, count).Select(i => $"content {i}").ToList();
        var tar = new TestLayer();
        foreach (var content in contents)
            tar.File(Digest.Of(Encoding.UTF8.GetBytes(content)).Hex, content);

        var digests = await _store.AddBatchAsync(new MemoryStream(tar.Bytes()), Token);

        Assert.Equal(count, digests.Count);
        Assert.All(digests, digest => Assert.True(_store.Contains(digest)));
        Assert.Empty(Directory.GetFileSystemEntries(_temporary["tmp"]));
    }

    [Theory]
    [InlineData("../../evil", ErrorCode.InvalidRequest)]
    [InlineData("sha256", ErrorCode.InvalidRequest)]
    [InlineData("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", ErrorCode.InvalidRequest)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", ErrorCode.DigestMismatch)]
    public async Task AddBatch_OneBadEntry_StoresNothing(string name, ErrorCode code)
    {
        var tar = new TestLayer().File(ContentDigest.Hex, "twelve bytes").File(name, "x").Bytes();
        var error = await Assert.ThrowsAsync<AhoyException>(() => _store.AddBatchAsync(new MemoryStream(tar), Token));

        Assert.Equal(code, error.Code);
        Assert.False(_store.Contains(ContentDigest));
    }

    [Fact]
    public async Task AddBatch_TooLargeEntry_IsRefused()
    {
        var content = new string('x', BlobStore.MaxBatchEntrySize + 1);
        var tar = new TestLayer().File(Digest.Of(Encoding.UTF8.GetBytes(content)).Hex, content).Bytes();
        Assert.Equal(ErrorCode.InvalidRequest, (await Assert.ThrowsAsync<AhoyException>(() => _store.AddBatchAsync(new MemoryStream(tar), Token))).Code);
    }

    [Fact]
    public async Task AddBatch_Truncated_IsRefused()
    {
        var tar = new TestLayer().File(ContentDigest.Hex, "twelve bytes").Bytes()[..600];
        Assert.Equal(ErrorCode.InvalidRequest, (await Assert.ThrowsAsync<AhoyException>(() => _store.AddBatchAsync(new MemoryStream(tar), Token))).Code);
        Assert.False(_store.Contains(ContentDigest));
    }

    [Fact]
    public void FullDisk_IsSaidWithTheFolder()
    {
        var error = Posix.Error(new IOException("No space left on device", 28), "write", "blob", "/srv/ahoy");
        Assert.Equal(ErrorCode.DiskFull, error.Code);
        Assert.Contains("/srv/ahoy", error.Message);
    }

    private Task<Ahoy.Contracts.Blobs.UploadView> AppendAsync(string owner, long offset, byte[] bytes) =>
        _store.AppendAsync(owner, ContentDigest, Content.Length, offset, new MemoryStream(bytes), Token);

    /// <summary>Gives its bytes, then fails as a cut connection does.</summary>
    private sealed class CutStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is var read and > 0 ? read : throw new IOException("connection reset");
    }

    /// <summary>Gives nothing until it is released.</summary>
    private sealed class HeldStream(byte[] bytes) : MemoryStream(bytes)
    {
        private readonly TaskCompletionSource _reading = new();
        private readonly TaskCompletionSource _released = new();

        public Task Reading => _reading.Task;

        public void Release() => _released.SetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _reading.TrySetResult();
            await _released.Task;
            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
