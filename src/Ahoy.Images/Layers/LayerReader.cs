using System.IO.Compression;
using Ahoy.Contracts;
using Ahoy.Images.Oci;
using ZstdSharp;

namespace Ahoy.Images.Layers;

/// <summary>
/// Reads a layer as it is stored: checks digest and size, decompresses, and yields only entries that keep the rules.
/// The one way in for archives from elsewhere, so that scanning at the master and unpacking at an agent can't disagree.
/// </summary>
internal sealed class LayerReader : IAsyncDisposable
{
    /// <summary>Twice the largest layers in use (machine learning and CUDA images); more would fill an agent's disk by a mistake.</summary>
    internal const long MaxUnpacked = 64L << 30;
    /// <summary>Program files shrink to a third or a tenth. Below the free size a layer may be anything, above it must not be a bomb.</summary>
    private const int MaxRatio = 200;
    private const long FreeSize = 512L << 20;

    private readonly Descriptor _layer;
    private readonly HashingStream _stored;
    private readonly Stream _decompressor;
    private readonly HashingStream? _plain;
    private readonly TarReader _tar;
    private readonly LayerTree _tree;
    private readonly Queue<LayerEntry> _pending = new();

    public LayerReader(Stream compressed, Descriptor layer)
        : this(compressed, layer, LayerTree.MaxEntries)
    {
    }

    /// <param name="compressed">The layer as it is stored.</param>
    /// <param name="layer">What the manifest says of it.</param>
    /// <param name="maxEntries">How many entries this layer may add to those of its image.</param>
    public LayerReader(Stream compressed, Descriptor layer, int maxEntries)
    {
        _layer = layer;
        _stored = new HashingStream(compressed, CheckStored);
        _decompressor = Decompress(_stored, layer);
        _plain = _decompressor == _stored ? null : new HashingStream(_decompressor, CheckUnpacked);
        _tar = new TarReader(_plain ?? _stored);
        _tree = new LayerTree(layer.Digest.ToString(), maxEntries);
    }

    public int Entries => _tree.Entries;

    /// <summary>The paths so far.</summary>
    public LayerNode Root => _tree.Root;

    /// <summary>The next entry; null when the whole layer was read and its digest is right.</summary>
    public Task<LayerEntry?> NextAsync(CancellationToken cancellationToken) => GuardAsync(ReadNextAsync, cancellationToken);

    /// <summary>Reads content of the file that <see cref="NextAsync"/> gave; 0 at its end.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        await GuardAsync(token => _tar.ReadAsync(buffer, token).AsTask(), cancellationToken);

    /// <summary>The digest of the uncompressed layer, after its end: OCI image specification, config.md, "Layer DiffID".</summary>
    public Digest DiffId() => (_plain ?? _stored).CurrentDigest();

    public async ValueTask DisposeAsync()
    {
        await _decompressor.DisposeAsync();
        if (_plain is not null)
            await _plain.DisposeAsync();
        await _stored.DisposeAsync();
    }

    private async Task<LayerEntry?> ReadNextAsync(CancellationToken cancellationToken)
    {
        while (_pending.Count == 0)
        {
            var entry = await _tar.NextAsync(cancellationToken);
            if (entry is null)
            {
                await _tar.FinishAsync(cancellationToken);
                await CheckDigestAsync(cancellationToken);
                return null;
            }

            foreach (var checkedEntry in _tree.Add(entry))
                _pending.Enqueue(checkedEntry);
        }

        return _pending.Dequeue();
    }

    /// <summary>Of a layer that can't be read: damage on the way (the digest is wrong) and a bad archive (it is right) are different errors.</summary>
    private async Task<T> GuardAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            return await read(cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or ZstdException or EndOfStreamException)
        {
            await CheckDigestAsync(cancellationToken);
            throw new AhoyException(ErrorCode.InvalidImage, $"Layer {_layer.Digest} ({_layer.MediaType}) can't be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private async Task CheckDigestAsync(CancellationToken cancellationToken)
    {
        await _stored.DrainAsync(cancellationToken);
        if (_stored.Count != _layer.Size)
            throw new AhoyException(ErrorCode.DigestMismatch, $"Layer {_layer.Digest} has {_stored.Count} bytes instead of the {_layer.Size} that its manifest says.");
        if (_stored.CurrentDigest() != _layer.Digest)
            throw new AhoyException(ErrorCode.DigestMismatch, $"Layer {_layer.Digest} is damaged: its bytes have the digest {_stored.CurrentDigest()}.");
    }

    private void CheckStored(long count)
    {
        if (count > _layer.Size)
            throw new AhoyException(ErrorCode.DigestMismatch, $"Layer {_layer.Digest} has more than the {_layer.Size} bytes that its manifest says.");
        if (count > MaxUnpacked)
            throw TooLarge();
    }

    private void CheckUnpacked(long count)
    {
        if (count > MaxUnpacked || (count > FreeSize && count / MaxRatio > _stored.Count))
            throw TooLarge();
    }

    private AhoyException TooLarge() =>
        new(ErrorCode.UnsafeArchive, $"Layer {_layer.Digest} is refused: it unpacks to more than {MaxUnpacked >> 30} GiB, or to more than {MaxRatio} times its size.");

    private static Stream Decompress(HashingStream stored, Descriptor layer) => layer.MediaType switch
    {
        MediaTypes.Layer or MediaTypes.DockerLayer => stored,
        MediaTypes.LayerGzip or MediaTypes.DockerLayerGzip => new GZipStream(stored, CompressionMode.Decompress),
        MediaTypes.LayerZstd => new DecompressionStream(stored),
        _ => throw new AhoyException(ErrorCode.NotSupported, $"Layer {layer.Digest} is of the type {layer.MediaType}. Layers must be tar archives, plain or compressed with gzip or zstd."),
    };
}
