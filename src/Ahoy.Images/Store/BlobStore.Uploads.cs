using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Ahoy.Contracts;
using Ahoy.Contracts.Blobs;
using Ahoy.Images.Layers;

namespace Ahoy.Images.Store;

/// <summary>Uploads that can be resumed: one partial file per owner and digest, so that users neither see nor disturb each other's.</summary>
public sealed partial class BlobStore
{
    /// <summary>Uploads that rest with their hash kept; of further ones the bytes are read again.</summary>
    private const int MaxOpenHashes = 1024;

    /// <summary>Uploads that a call is continuing, with the bytes that were announced for the whole.</summary>
    private readonly ConcurrentDictionary<string, long> _busy = new();
    private readonly ConcurrentDictionary<string, Received> _hashes = new();
    private long _readAgain;

    /// <summary>Bytes that one owner's unfinished uploads may have together; null: any number.</summary>
    public long? UnfinishedBytesPerOwner { get; init; }

    /// <summary>Bytes of partial uploads that had to be read again to go on with their hash: those from before a restart.</summary>
    internal long ReadAgain => Volatile.Read(ref _readAgain);

    /// <summary>How far this owner's upload has come; 0 when there is none. It does not tell whether the blob is in the store.</summary>
    public UploadView GetUpload(string owner, Digest digest)
    {
        var partial = new FileInfo(PartialFile(owner, digest));
        return new UploadView { Digest = digest, Offset = partial.Exists ? partial.Length : 0, Complete = false };
    }

    /// <summary>
    /// Takes the next bytes of an upload. What was received stays when the call is cut; call <see cref="GetUpload"/> and go on from there.
    /// With the last byte the digest is checked and the blob moves into the store.
    /// </summary>
    /// <param name="owner">Whose upload it is.</param>
    /// <param name="digest">The whole blob's.</param>
    /// <param name="length">Bytes of the whole blob.</param>
    /// <param name="offset">Position of the first byte of <paramref name="body"/>.</param>
    /// <param name="body">Bytes from there on, all or some of them.</param>
    /// <exception cref="AhoyException">
    /// <see cref="ErrorCode.OffsetMismatch"/>: the upload stands elsewhere; <see cref="ErrorCode.InvalidRequest"/>: more bytes than announced, none of this call is kept;
    /// <see cref="ErrorCode.Conflict"/>: another call of the same upload is under way; <see cref="ErrorCode.DigestMismatch"/>: the upload starts anew; <see cref="ErrorCode.DiskFull"/>.
    /// </exception>
    public async Task<UploadView> AppendAsync(string owner, Digest digest, long length, long offset, Stream body, CancellationToken cancellationToken)
    {
        if (length < 0 || offset < 0 || offset > length)
            throw new AhoyException(ErrorCode.InvalidRequest, $"Upload {digest}: offset {offset} and length {length} do not go together.");
        var path = PartialFile(owner, digest);
        if (!_busy.TryAdd(path, length))
            throw new AhoyException(ErrorCode.Conflict, $"Upload {digest} is being continued by another call. Wait until that ends, then ask for the offset.", transient: true);
        try
        {
            RequireQuota(owner, digest);
            return await ContinueAsync(path, digest, length, offset, body, cancellationToken);
        }
        finally
        {
            _busy.TryRemove(path, out _);
        }
    }

    /// <summary>Removes partial uploads and left-over temporary files that nothing was written to for this long.</summary>
    public void PurgeUploads(TimeSpan age, TimeProvider time)
    {
        var oldest = time.GetUtcNow().UtcDateTime - age;
        foreach (var file in Entries(_uploads).Concat(Entries(_temporary)).Where(entry => entry.LastWriteTimeUtc < oldest))
        {
            if (!_busy.TryAdd(file.FullName, 0))
                continue;
            try
            {
                file.Refresh();
                if (file.LastWriteTimeUtc >= oldest)
                    continue;
                if (_hashes.TryRemove(file.FullName, out var received))
                    received.Dispose();
                if (file is DirectoryInfo directory)
                    directory.Delete(recursive: true);
                else
                    file.Delete();
            }
            finally
            {
                _busy.TryRemove(file.FullName, out _);
            }
        }
    }

    private static FileSystemInfo[] Entries(string directory) =>
        Directory.Exists(directory) ? new DirectoryInfo(directory).GetFileSystemInfos() : [];

    private async Task<UploadView> ContinueAsync(string path, Digest digest, long length, long offset, Stream body, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_uploads);
        Digest actual;
        await using (var partial = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0))
        {
            if (partial.Length != offset)
                throw new AhoyException(ErrorCode.OffsetMismatch, $"Upload {digest} stands at byte {partial.Length}, not at {offset}. Continue from there.");
            var hash = await HashSoFarAsync(path, partial, cancellationToken);
            try
            {
                await ReceiveAsync(partial, hash, length, body, digest, cancellationToken);
                if (hash.Position < length)
                    return new UploadView { Digest = digest, Offset = hash.Position, Complete = false };
                actual = hash.Digest();
                Flush(partial);
            }
            finally
            {
                Keep(path, hash, length, RandomAccess.GetLength(partial.SafeFileHandle));
            }
        }

        if (actual != digest)
        {
            File.Delete(path);
            throw new AhoyException(ErrorCode.DigestMismatch, $"The {length} bytes uploaded as {digest} have the digest {actual}. They were discarded; send them again from the beginning.");
        }

        Publish(path, digest);
        SyncDirectory(_blobs);
        return new UploadView { Digest = digest, Offset = length, Complete = true };
    }

    /// <summary>The hash of what is there: kept since the last call, else (after a restart) read again, once.</summary>
    private async Task<Received> HashSoFarAsync(string path, FileStream partial, CancellationToken cancellationToken)
    {
        if (_hashes.TryRemove(path, out var kept))
        {
            if (kept.Position == partial.Length)
                return kept;
            kept.Dispose();
        }

        var hash = new Received();
        var buffer = new byte[BufferSize];
        for (int read; (read = await partial.ReadAsync(buffer, cancellationToken)) > 0;)
            hash.Append(buffer.AsSpan(0, read));
        Interlocked.Add(ref _readAgain, hash.Position);
        return hash;
    }

    private void Keep(string path, Received hash, long length, long onDisk)
    {
        if (hash.Position < length && hash.Position == onDisk && _hashes.Count < MaxOpenHashes)
            _hashes[path] = hash;
        else
            hash.Dispose();
    }

    private async Task ReceiveAsync(FileStream partial, Received hash, long length, Stream body, Digest digest, CancellationToken cancellationToken)
    {
        var start = hash.Position;
        var buffer = new byte[BufferSize];
        for (int read; (read = await body.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (read > length - hash.Position)
            {
                partial.SetLength(start);
                throw new AhoyException(ErrorCode.InvalidRequest, $"Upload {digest} got more than the {length} bytes that were announced.");
            }

            try
            {
                RandomAccess.Write(partial.SafeFileHandle, buffer.AsSpan(0, read), hash.Position);
            }
            catch (IOException e)
            {
                // What a full disk took of this piece is no whole piece: back to the last good byte, so that the upload can go on later.
                partial.SetLength(hash.Position);
                throw Posix.Error(e, "write", partial.Name, Root);
            }

            hash.Append(buffer.AsSpan(0, read));
        }
    }

    private void RequireQuota(string owner, Digest digest)
    {
        if (UnfinishedBytesPerOwner is not { } most)
            return;
        var prefix = Path.Combine(_uploads, OwnerPrefix(owner));
        var bytes = _busy.Where(upload => upload.Key.StartsWith(prefix, StringComparison.Ordinal)).Sum(upload => upload.Value)
            + Entries(_uploads).OfType<FileInfo>().Where(file => file.FullName.StartsWith(prefix, StringComparison.Ordinal) && !_busy.ContainsKey(file.FullName)).Sum(file => file.Length);
        if (bytes > most)
        {
            throw new AhoyException(
                ErrorCode.Conflict,
                $"With upload {digest} you would have {bytes} bytes of uploads that are not complete; at most {most} are allowed. End those that you have begun, or wait until the master removes them.",
                transient: true);
        }
    }

    private string PartialFile(string owner, Digest digest) => Path.Combine(_uploads, OwnerPrefix(owner) + digest.Hex);

    private static string OwnerPrefix(string owner) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(owner)))[..16] + "-";

    /// <summary>The hash of an upload's first bytes.</summary>
    private sealed class Received : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public long Position { get; private set; }

        public void Append(ReadOnlySpan<byte> bytes)
        {
            _hash.AppendData(bytes);
            Position += bytes.Length;
        }

        public Digest Digest() => Contracts.Digest.FromHash(_hash.GetCurrentHash());

        public void Dispose() => _hash.Dispose();
    }
}
