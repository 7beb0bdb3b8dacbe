using System.Net;
using System.Net.Http.Headers;

namespace Ahoy.Client.Transfers;

/// <summary>A file's bytes from an offset to its end, as they were when its digest was taken.</summary>
internal sealed class FileRestContent : HttpContent
{
    private const int BufferSize = 256 * 1024;

    private readonly LocalBlob _blob;
    private readonly long _offset;
    private readonly Action<long> _sent;

    public FileRestContent(LocalBlob blob, long offset, Action<long> sent)
    {
        _blob = blob;
        _offset = offset;
        _sent = sent;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(_blob.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true);
        file.Position = _offset;
        var buffer = new byte[BufferSize];
        for (var left = _blob.Size - _offset; left > 0;)
        {
            var read = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancellationToken);
            if (read == 0)
                throw _blob.Changed();
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            left -= read;
            _sent(read);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _blob.Size - _offset;
        return true;
    }
}
