using System.Net;
using System.Security.Cryptography;
using Ahoy.Contracts;
using Ahoy.Contracts.Blobs;
using Ahoy.Contracts.Jobs;
using Ahoy.Testing;

namespace Ahoy.Tests.Master.Images;

public sealed class UploadTests : IAsyncLifetime
{
    private static readonly byte[] Blob = RandomNumberGenerator.GetBytes(300_000);
    private static readonly string Route = Routes.Fill(Routes.Upload, Digest.Of(Blob));
    private TestMaster _master = null!;
    private TestClient _user = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await TestMaster.StartAsync();
        _user = _master.Manager;
    }

    public ValueTask DisposeAsync() => _master.DisposeAsync();

    [Fact]
    public async Task MissingBlobs_SentInOneBatch_CanBeUsed()
    {
        await _master.AddBaseAsync("base");
        var blobs = Enumerable.Range(0, 40).Select(i => new byte[] { 1, (byte)i }).ToArray();
        var digests = blobs.Select(blob => Digest.Of(blob)).ToArray();
        await _user.UploadAsync(blobs[3]);

        var missing = await _user.MissingAsync(digests);
        await _user.UploadBatchAsync([.. blobs.Where(blob => missing.Contains(Digest.Of(blob))).Select(blob => (Digest.Of(blob), blob))]);

        Assert.Equal(39, missing.Count);
        Assert.Empty(await _user.MissingAsync(digests));
        var inputs = digests.Select((digest, i) => new JobInput { Path = $"in/{i}", Digest = digest, Size = 2 });
        Assert.Equal(JobState.Queued, (await _user.SubmitAsync(Requests.Small with { Inputs = [.. inputs] })).State);
    }

    [Fact]
    public async Task Batch_WithOneTamperedBlob_IsRefused_AndNothingOfItIsKept()
    {
        var honest = "honest"u8.ToArray();

        var error = await Assert.ThrowsAsync<AhoyException>(() => _user.UploadBatchAsync((Digest.Of(honest), honest), (Digest.Of("other"u8), honest)));

        Assert.Equal(ErrorCode.DigestMismatch, error.Code);
        Assert.Equal([Digest.Of(honest)], await _user.MissingAsync(Digest.Of(honest)));
    }

    [Fact]
    public async Task Batch_CutShort_IsRefused_AndNothingOfItIsKept()
    {
        var first = "first"u8.ToArray();
        var batch = TestClient.Batch((Digest.Of(first), first), (Digest.Of(Blob), Blob));
        using var content = new ByteArrayContent(batch[..2000]);
        using var response = await _user.Http.PostAsync(new Uri(Routes.BlobsBatch, UriKind.Relative), content, TestContext.Current.CancellationToken);

        Assert.Equal(ErrorCode.InvalidRequest, (await TestClient.ProblemAsync(response)).Code);
        Assert.Equal([Digest.Of(first)], await _user.MissingAsync(Digest.Of(first)));
    }

    [Fact]
    public async Task Upload_InPieces_IsThereWithTheLast()
    {
        var first = await _user.UploadAsync(Route, 0, Blob.Length, new ByteArrayContent(Blob[..100_000]));
        Assert.Equal((100_000L, false), (first.Offset, first.Complete));
        Assert.Equal([Digest.Of(Blob)], await _user.MissingAsync(Digest.Of(Blob)));

        var last = await _user.UploadAsync(Route, 100_000, Blob.Length, new ByteArrayContent(Blob[100_000..]));

        Assert.True(last.Complete);
        Assert.Empty(await _user.MissingAsync(Digest.Of(Blob)));
        Assert.Equal((Blob.Length, true), ((await _user.GetAsync<UploadView>(Route)).Offset, (await _user.GetAsync<UploadView>(Route)).Complete));
    }

    [Fact]
    public async Task Upload_CutByTheConnection_GoesOnWhereItStands_AlsoAfterARestart()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => _user.UploadAsync(Route, 0, Blob.Length, new CutContent(Blob, 200_000)));
        await Eventually.TrueAsync(async () => (await _user.GetAsync<UploadView>(Route)).Offset == 200_000, "the master kept the bytes before the cut");

        await _master.RestartAsync();
        var stands = await _master.Manager.GetAsync<UploadView>(Route);
        var done = await _master.Manager.UploadAsync(Route, stands.Offset, Blob.Length, new ByteArrayContent(Blob[(int)stands.Offset..]));

        Assert.Equal(200_000, stands.Offset);
        Assert.True(done.Complete);
        Assert.Empty(await _master.Manager.MissingAsync(Digest.Of(Blob)));
    }

    [Fact]
    public async Task Upload_AtTheWrongPlace_IsRefused()
    {
        await _user.UploadAsync(Route, 0, Blob.Length, new ByteArrayContent(Blob[..1000]));

        foreach (var offset in new[] { 0, 999, 1001 })
            Assert.Equal(ErrorCode.OffsetMismatch, (await Assert.ThrowsAsync<AhoyException>(() => _user.UploadAsync(Route, offset, Blob.Length, new ByteArrayContent([1])))).Code);
    }

    [Fact]
    public async Task Upload_OfTamperedBytes_IsRefused_AndStartsAnew()
    {
        var tampered = Blob.ToArray();
        tampered[1234] ^= 1;

        var error = await Assert.ThrowsAsync<AhoyException>(() => _user.UploadAsync(Route, 0, Blob.Length, new ByteArrayContent(tampered)));

        Assert.Equal(ErrorCode.DigestMismatch, error.Code);
        Assert.Equal([Digest.Of(Blob)], await _user.MissingAsync(Digest.Of(Blob)));
        Assert.True((await _user.UploadAsync(Blob)).Complete);
    }

    [Fact]
    public async Task Upload_ShorterThanAnnounced_IsNotThere()
    {
        Assert.False((await _user.UploadAsync(Route, 0, Blob.Length, new ByteArrayContent(Blob[..^1]))).Complete);
        Assert.Equal([Digest.Of(Blob)], await _user.MissingAsync(Digest.Of(Blob)));
    }

    [Fact]
    public async Task Upload_OfMoreBytesThanAnnounced_IsRefused()
    {
        var error = await Assert.ThrowsAsync<AhoyException>(() => _user.UploadAsync(Route, 0, 1000, new ByteArrayContent(Blob)));

        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.Equal(0, (await _user.GetAsync<UploadView>(Route)).Offset);
    }

    [Fact]
    public async Task Upload_OfAnEmptyBlob_Works()
    {
        Assert.True((await _user.UploadAsync([])).Complete);
        Assert.Empty(await _user.MissingAsync(Digest.Of([])));
    }

    [Fact]
    public async Task Upload_WithoutItsHeaders_IsRefused()
    {
        using var response = await _user.Http.PatchAsync(new Uri(Route, UriKind.Relative), new ByteArrayContent(Blob), TestContext.Current.CancellationToken);

        Assert.Contains(Routes.UploadOffsetHeader, (await TestClient.ProblemAsync(response)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_OfTwoUsersOfOneDigest_DoNotMeet()
    {
        var ada = await _master.UserAsync("ada");
        await _user.UploadAsync(Route, 0, Blob.Length, new ByteArrayContent(Blob[..1000]));

        Assert.Equal(0, (await ada.GetAsync<UploadView>(Route)).Offset);
        Assert.True((await ada.UploadAsync(Blob)).Complete);
        Assert.Equal((1000L, false), ((await _user.GetAsync<UploadView>(Route)).Offset, (await _user.GetAsync<UploadView>(Route)).Complete));
    }

    /// <summary>Breaks the request off after some bytes.</summary>
    private sealed class CutContent(byte[] bytes, int after) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, after));
            await stream.FlushAsync();
            // The master has to have it before the stream is reset: a reset may overtake data.
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            throw new IOException("The line was cut.");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
