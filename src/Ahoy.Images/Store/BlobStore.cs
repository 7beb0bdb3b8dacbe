using Ahoy.Contracts;
using Ahoy.Images.Layers;

namespace Ahoy.Images.Store;

/// <summary>
/// Blobs on disk by their content: blobs/sha256/HEX (OCI image specification, image-layout.md). A blob is there whole and flushed, or not at all.
/// The store knows nothing of users' rights: who may read or name which blob is the caller's to decide.
/// One process writes to a store; many may read.
/// </summary>
public sealed partial class BlobStore : IBlobSource
{
    private const int BufferSize = 128 * 1024;

    private readonly string _blobs;
    private readonly string _temporary;
    private readonly string _uploads;

    /// <param name="directory">Made when missing, with its subdirectories.</param>
    public BlobStore(string directory)
    {
        Root = Path.GetFullPath(directory);
        _blobs = Path.Combine(Root, "blobs", "sha256");
        _temporary = Path.Combine(Root, "tmp");
        _uploads = Path.Combine(Root, "uploads");
        Directory.CreateDirectory(_blobs);
    }

    public string Root { get; }

    public bool Contains(Digest digest) => File.Exists(FileOf(digest));

    /// <summary>Bytes; null when there is no such blob.</summary>
    public long? Size(Digest digest) => new FileInfo(FileOf(digest)) is { Exists: true } file ? file.Length : null;

    /// <summary>Where the blob lies, or would lie.</summary>
    public string FileOf(Digest digest) => Path.Combine(_blobs, digest.Hex);

    public Task<Stream> OpenAsync(Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult<Stream>(new FileStream(FileOf(digest), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferSize, FileOptions.SequentialScan));
        }
        catch (FileNotFoundException e)
        {
            throw new AhoyException(ErrorCode.MissingBlob, $"There is no blob {digest} in {Root}. Upload it first.", e);
        }
    }

    /// <summary>Stores everything that is left in <paramref name="content"/>.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.DigestMismatch"/> when it is not what was announced, <see cref="ErrorCode.DiskFull"/>; nothing is stored then.</exception>
    public async Task<Digest> AddAsync(Stream content, Digest? expected, long? size, CancellationToken cancellationToken)
    {
        var temporary = NewTemporaryFile();
        try
        {
            var (digest, length) = await WriteAsync(content, temporary, cancellationToken);
            if (size is not null && size != length)
                throw new AhoyException(ErrorCode.DigestMismatch, $"Blob {expected ?? digest} has {length} bytes instead of the {size} that were announced.");
            if (expected is not null && expected != digest)
                throw new AhoyException(ErrorCode.DigestMismatch, $"The {length} bytes that came as blob {expected} have the digest {digest}. Send them again.");
            Publish(temporary, digest);
            SyncDirectory(_blobs);
            return digest;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Stores these bytes.</summary>
    public async Task<Digest> AddAsync(byte[] content, CancellationToken cancellationToken) =>
        await AddAsync(new MemoryStream(content, writable: false), expected: null, content.Length, cancellationToken);

    /// <summary>Takes a whole file of the same file system into the store without copying it; the file is gone from its place.</summary>
    public async Task<Digest> AdoptAsync(string file, CancellationToken cancellationToken)
    {
        Digest digest;
        await using (var content = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, BufferSize, FileOptions.SequentialScan))
        {
            digest = await Digest.OfAsync(content, cancellationToken);
            Flush(content);
        }

        Publish(file, digest);
        SyncDirectory(_blobs);
        return digest;
    }

    /// <summary>Removes a blob; one that is not there counts as removed.</summary>
    public void Delete(Digest digest) => File.Delete(FileOf(digest));

    private static async Task<(Digest Digest, long Length)> HashInto(Stream content, FileStream file, CancellationToken cancellationToken)
    {
        await using var hashed = new HashingStream(content, _ => { });
        await hashed.CopyToAsync(file, BufferSize, cancellationToken);
        return (hashed.CurrentDigest(), hashed.Count);
    }

    private async Task<(Digest Digest, long Length)> WriteAsync(Stream content, string temporary, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            var result = await HashInto(content, file, cancellationToken);
            Flush(file);
            return result;
        }
        catch (IOException e) when (Posix.IsNoSpace(e.HResult))
        {
            throw Posix.Error(e, "write", temporary, Root);
        }
    }

    private string NewTemporaryFile()
    {
        Directory.CreateDirectory(_temporary);
        return Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
    }

    private void Publish(string file, Digest digest)
    {
        // Else a removal that has just looked at the old file would take the new one.
        lock (_removal)
        {
            File.Move(file, FileOf(digest), overwrite: true);
        }
    }

    private void Flush(FileStream file)
    {
        try
        {
            file.Flush(flushToDisk: true);
        }
        catch (IOException e)
        {
            throw Posix.Error(e, "flush", file.Name, Root);
        }
    }

    private static void SyncDirectory(string directory)
    {
        using var handle = Posix.OpenDirectory(directory);
        if (Posix.Sync(handle) != 0)
            throw Posix.LastError("flush", directory, directory);
    }
}
