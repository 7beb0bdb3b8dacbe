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
    private readonly ConcurrentDictionary<string, byte> _busy = new();

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
        if (!_busy.TryAdd(path, 0))
            throw new AhoyException(ErrorCode.Conflict, $"Upload {digest} is being continued by another call. Wait until that ends, then ask for the offset.", transient: true);
        try
        {
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
        long received;
        Digest actual;
        await using (var partial = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0))
        {
            if (partial.Length != offset)
                throw new AhoyException(ErrorCode.OffsetMismatch, $"Upload {digest} stands at byte {partial.Length}, not at {offset}. Continue from there.");
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await HashExistingAsync(partial, hash, cancellationToken);
            received = await ReceiveAsync(partial, hash, length, body, digest, cancellationToken);
            if (received < length)
                return new UploadView { Digest = digest, Offset = received, Complete = false };
            actual = Digest.FromHash(hash.GetHashAndReset());
            Flush(partial);
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

    private static async Task HashExistingAsync(FileStream partial, IncrementalHash hash, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        for (int read; (read = await partial.ReadAsync(buffer, cancellationToken)) > 0;)
            hash.AppendData(buffer, 0, read);
    }

    private async Task<long> ReceiveAsync(FileStream partial, IncrementalHash hash, long length, Stream body, Digest digest, CancellationToken cancellationToken)
    {
        var start = partial.Length;
        var position = start;
        var buffer = new byte[BufferSize];
        for (int read; (read = await body.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (read > length - position)
            {
                partial.SetLength(start);
                throw new AhoyException(ErrorCode.InvalidRequest, $"Upload {digest} got more than the {length} bytes that were announced.");
            }

            try
            {
                RandomAccess.Write(partial.SafeFileHandle, buffer.AsSpan(0, read), position);
            }
            catch (IOException e)
            {
                // What a full disk took of this piece is no whole piece: back to the last good byte, so that the upload can go on later.
                partial.SetLength(position);
                throw Posix.Error(e, "write", partial.Name, Root);
            }

            hash.AppendData(buffer, 0, read);
            position += read;
        }

        return position;
    }

    private string PartialFile(string owner, Digest digest) =>
        Path.Combine(_uploads, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(owner)))[..16]}-{digest.Hex}");
}
