using System.Security.Cryptography;
using Ahoy.Client.Transfers;
using Ahoy.Contracts;

namespace Ahoy.Tests.Client;

public sealed class BlobUploaderTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static LocalBlob Blob(string path) => new(path, Digest.Of(File.ReadAllBytes(path)), FileStamp.Of(path));

    private LocalBlob Random(string name, int bytes) => Blob(_folder.Write(name, RandomNumberGenerator.GetBytes(bytes)));

    [Fact]
    public async Task Upload_OnlyWhatTheMasterLacks_Travels_SmallOnesTogether()
    {
        await using var master = await FakeMaster.StartAsync();
        using var api = master.Connect();
        var known = Random("known", 1000);
        master.Blobs[known.Digest] = await File.ReadAllBytesAsync(known.Path);
        var small = Enumerable.Range(0, 50).Select(i => Random($"small{i}", i * 100)).ToList();
        var large = Random("large", 300_000);

        var sent = await new BlobUploader(api, new Progress<TransferProgress>()).UploadAsync([known, .. small, large, large], CancellationToken.None);

        Assert.Equal(small.Sum(blob => blob.Size) + large.Size, sent);
        Assert.All(small.Append(large), blob => Assert.Equal(File.ReadAllBytes(blob.Path), master.Blobs[blob.Digest]));
        Assert.Single(master.Calls, call => call.EndsWith("/blobs/batch", StringComparison.Ordinal));
        Assert.Single(master.Calls, call => call.StartsWith("PATCH", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Upload_MoreDigestsThanOneQueryHolds_AsksInParts()
    {
        await using var master = await FakeMaster.StartAsync();
        using var api = master.Connect();
        var path = _folder.Write("data", "x");
        var blobs = Enumerable.Range(0, 1500).Select(i => new LocalBlob(path, Digest.Of(BitConverter.GetBytes(i)), FileStamp.Of(path))).ToList();
        foreach (var blob in blobs)
        {
            master.Blobs[blob.Digest] = [];
        }

        Assert.Equal(0, await new BlobUploader(api, new Progress<TransferProgress>()).UploadAsync(blobs, CancellationToken.None));

        Assert.Equal(2, master.Calls.Count);
    }

    [Fact]
    public async Task Upload_ConnectionBreaks_GoesOnWhereItStopped()
    {
        await using var master = await FakeMaster.StartAsync();
        using var api = master.Connect();
        var large = Random("large", 3_000_000);
        master.CutUploadAfter = 1_000_000;

        await new BlobUploader(api, new Progress<TransferProgress>()).UploadAsync([large], CancellationToken.None);

        Assert.Equal(File.ReadAllBytes(large.Path), master.Blobs[large.Digest]);
        Assert.Equal(2, master.Calls.Count(call => call.StartsWith("PATCH", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(300_000)]
    public async Task Upload_FileChangedSinceItWasRead_SaysSo(int size)
    {
        await using var master = await FakeMaster.StartAsync();
        using var api = master.Connect();
        var blob = Random("data", size);
        File.WriteAllBytes(blob.Path, RandomNumberGenerator.GetBytes(size));

        var error = await Assert.ThrowsAsync<AhoyException>(() => new BlobUploader(api, new Progress<TransferProgress>()).UploadAsync([blob], CancellationToken.None));

        Assert.Equal(ErrorCode.Conflict, error.Code);
        Assert.Contains("changed while it was being uploaded", error.Message);
        Assert.Empty(master.Blobs);
    }
}
