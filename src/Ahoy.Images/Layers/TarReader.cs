using System.Text;

namespace Ahoy.Images.Layers;

/// <summary>
/// Reads tar archives from strangers: ustar, pax and GNU long names, as Go's archive/tar (the reader of Docker and containerd) sees them.
/// An own reader instead of System.Formats.Tar, which allocates as much memory as a header claims to be long.
/// Errors in the archive are <see cref="InvalidDataException"/>.
/// </summary>
internal sealed class TarReader(Stream stream)
{
    private const int BlockSize = 512;
    private const int MaxExtendedHeader = 1 << 20;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _buffer = new byte[128 * 1024];
    private int _start;
    private int _end;
    private long _content;
    private long _padding;

    /// <summary>Moves to the next entry, over what is left of the current one. Null at the end of the archive.</summary>
    public async ValueTask<TarEntry?> NextAsync(CancellationToken cancellationToken)
    {
        var extended = new PaxRecords();
        while (true)
        {
            await SkipAsync(_content + _padding, cancellationToken);
            _content = _padding = 0;
            if (!await FillAsync(BlockSize, cancellationToken))
                throw new InvalidDataException("it ends without the two zero blocks that end a tar archive");
            var header = _buffer.AsMemory(_start, BlockSize);
            _start += BlockSize;
            if (!header.Span.ContainsAnyExcept((byte)0))
                return null;
            var entry = TarHeader.Parse(header.Span, Utf8);
            switch (entry.Type)
            {
                case 'x':
                    extended.Add(await ReadExtendedAsync(entry, cancellationToken), Utf8);
                    break;
                case 'g':
                    // Global records: a comment in practice. Go's reader applies none of them either.
                    await ReadExtendedAsync(entry, cancellationToken);
                    break;
                case 'L':
                    extended.Name = ReadName(await ReadExtendedAsync(entry, cancellationToken));
                    break;
                case 'K':
                    extended.LinkName = ReadName(await ReadExtendedAsync(entry, cancellationToken));
                    break;
                default:
                    entry = extended.ApplyTo(entry);
                    SetContent(entry.Size);
                    return entry;
            }
        }
    }

    /// <summary>Reads content of the current entry; 0 at its end.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_content == 0)
            return 0;
        buffer = buffer[..(int)Math.Min(buffer.Length, _content)];
        int read;
        if (_start < _end)
        {
            read = Math.Min(buffer.Length, _end - _start);
            _buffer.AsMemory(_start, read).CopyTo(buffer);
            _start += read;
        }
        else
        {
            read = await stream.ReadAsync(buffer, cancellationToken);
        }

        if (read == 0)
            throw new InvalidDataException("it ends in the middle of a file");
        _content -= read;
        return read;
    }

    /// <summary>After the last entry: only zeros may follow, so that no other reader finds more in the archive than this one.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        do
        {
            if (_buffer.AsSpan(_start, _end - _start).ContainsAnyExcept((byte)0))
                throw new InvalidDataException("something else follows the end of the tar archive");
            _start = 0;
            _end = await stream.ReadAsync(_buffer, cancellationToken);
        }
        while (_end > 0);
    }

    private void SetContent(long size)
    {
        _content = size;
        _padding = (BlockSize - size % BlockSize) % BlockSize;
    }

    private async ValueTask<byte[]> ReadExtendedAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Size > MaxExtendedHeader)
            throw new InvalidDataException($"an extended header claims {entry.Size} bytes");
        SetContent(entry.Size);
        var bytes = new byte[entry.Size];
        for (var done = 0; done < bytes.Length;)
        {
            done += await ReadAsync(bytes.AsMemory(done), cancellationToken);
        }

        return bytes;
    }

    private static string ReadName(byte[] bytes) => TarHeader.Text(bytes, Utf8);

    private async ValueTask SkipAsync(long bytes, CancellationToken cancellationToken)
    {
        while (bytes > 0)
        {
            if (_start == _end && !await FillAsync(1, cancellationToken))
                throw new InvalidDataException("it ends in the middle of a file");
            var step = (int)Math.Min(bytes, _end - _start);
            _start += step;
            bytes -= step;
        }
    }

    private async ValueTask<bool> FillAsync(int wanted, CancellationToken cancellationToken)
    {
        if (_end - _start >= wanted)
            return true;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        while (_end < wanted)
        {
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
                return false;
            _end += read;
        }

        return true;
    }
}
