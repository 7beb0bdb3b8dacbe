using Ahoy.Contracts;
using Ahoy.Images.Layers;

namespace Ahoy.Images.Store;

/// <summary>Many small blobs in one call: a tar whose entries are named by the 64 hexadecimal digits of their digests.</summary>
public sealed partial class BlobStore
{
    /// <summary>Bytes of one blob in a batch. Larger ones go as uploads of their own, which can be resumed.</summary>
    public const int MaxBatchEntrySize = 1 << 20;

    /// <summary>Blobs in one batch; a client with more sends several.</summary>
    public const int MaxBatchEntries = 10_000;

    /// <summary>Below this many files, flushing each is quicker than flushing the whole file system.</summary>
    private const int FewFiles = 16;

    /// <summary>Stores all blobs of the archive, or none of them.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/> for an archive that is not of this form, <see cref="ErrorCode.DigestMismatch"/>, <see cref="ErrorCode.DiskFull"/>.</exception>
    public async Task<IReadOnlyList<Digest>> AddBatchAsync(Stream tar, CancellationToken cancellationToken)
    {
        var batch = NewTemporaryFile();
        Directory.CreateDirectory(batch);
        try
        {
            var digests = await ReadBatchAsync(tar, batch, cancellationToken);
            SyncFiles(batch, digests);
            foreach (var digest in digests)
                Publish(Path.Combine(batch, digest.Hex), digest);
            SyncDirectory(_blobs);
            return digests;
        }
        catch (InvalidDataException e)
        {
            throw new AhoyException(ErrorCode.InvalidRequest, $"The batch of blobs is not a whole tar archive: {e.Message}.", e);
        }
        catch (IOException e) when (Posix.IsNoSpace(e.HResult))
        {
            throw Posix.Error(e, "write", batch, Root);
        }
        finally
        {
            Directory.Delete(batch, recursive: true);
        }
    }

    private static async Task<List<Digest>> ReadBatchAsync(Stream tar, string batch, CancellationToken cancellationToken)
    {
        var reader = new TarReader(tar);
        var digests = new List<Digest>();
        var buffer = new byte[MaxBatchEntrySize];
        while (await reader.NextAsync(cancellationToken) is { } entry)
        {
            if (entry.Type != '0' || !Digest.TryParse("sha256:" + entry.Name, out var digest))
                throw new AhoyException(ErrorCode.InvalidRequest, $"The batch holds \"{entry.Name}\". Entries must be files named by the 64 lower-case hexadecimal digits of their SHA-256.");
            if (entry.Size > MaxBatchEntrySize)
                throw new AhoyException(ErrorCode.InvalidRequest, $"Blob {digest} has {entry.Size} bytes; in a batch at most {MaxBatchEntrySize} are allowed. Upload it by itself.");
            if (digests.Count == MaxBatchEntries)
                throw new AhoyException(ErrorCode.InvalidRequest, $"The batch holds more than {MaxBatchEntries} blobs. Send several batches.");
            var length = 0;
            for (int read; (read = await reader.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0;)
                length += read;
            if (Digest.Of(buffer.AsSpan(0, length)) != digest)
                throw new AhoyException(ErrorCode.DigestMismatch, $"The {length} bytes that came as blob {digest} have another digest. Send the batch again.");
            await WriteNewAsync(Path.Combine(batch, digest.Hex), buffer.AsMemory(0, length), cancellationToken);
            digests.Add(digest);
        }

        await reader.FinishAsync(cancellationToken);
        return digests.Distinct().ToList();
    }

    private static async Task WriteNewAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        await file.WriteAsync(bytes, cancellationToken);
    }

    private void SyncFiles(string batch, List<Digest> digests)
    {
        if (digests.Count > FewFiles)
        {
            using var directory = Posix.OpenDirectory(batch);
            if (Posix.SyncFileSystem(directory) != 0)
                throw Posix.LastError("flush", batch, Root);
            return;
        }

        foreach (var digest in digests)
        {
            using var file = new FileStream(Path.Combine(batch, digest.Hex), FileMode.Open, FileAccess.ReadWrite);
            Flush(file);
        }
    }
}
