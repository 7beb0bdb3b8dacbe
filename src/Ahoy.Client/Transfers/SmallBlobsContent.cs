using System.Formats.Tar;
using System.Net;
using System.Net.Http.Headers;
using Ahoy.Contracts;

namespace Ahoy.Client.Transfers;

/// <summary>The body of a batch upload: a tar whose entries are named by the hexadecimal digits of their digests.</summary>
internal sealed class SmallBlobsContent : HttpContent
{
    private readonly IReadOnlyList<LocalBlob> _blobs;
    private readonly Action<long> _sent;

    public SmallBlobsContent(IReadOnlyList<LocalBlob> blobs, Action<long> sent)
    {
        _blobs = blobs;
        _sent = sent;
        Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true);
        foreach (var blob in _blobs)
        {
            var bytes = await File.ReadAllBytesAsync(blob.Path, cancellationToken);
            if (Digest.Of(bytes) != blob.Digest)
                throw blob.Changed();
            await tar.WriteEntryAsync(
                new UstarTarEntry(TarEntryType.RegularFile, blob.Digest.Hex) { DataStream = new MemoryStream(bytes, writable: false) },
                cancellationToken);
            _sent(bytes.Length);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
