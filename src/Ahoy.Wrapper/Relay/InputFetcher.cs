using System.Security.Cryptography;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Contracts.Units;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Relay;

/// <summary>
/// Brings the job's inputs into the scratch directory: each under a temporary name, its SHA-256 taken while it is written, then renamed.
/// A broken connection goes on where it broke.
/// </summary>
internal sealed class InputFetcher(WrapperPaths paths, RetryPolicy retry)
{
    /// <summary>Wrong bytes are asked for again so often before the input is given up.</summary>
    private const int MaxWrongDigests = 3;
    private const UnixFileMode Ordinary = (UnixFileMode)0x1A4, Executable = (UnixFileMode)0x1ED; // 0644, 0755

    private int _number;

    /// <exception cref="TransferException">An input could not be brought.</exception>
    public void FetchAll(IReadOnlyList<JobInput> inputs, CancellationToken cancellationToken) =>
        Workers.ForEach(inputs, FetchOne, cancellationToken);

    private void FetchOne(JobInput input, CancellationToken cancellationToken)
    {
        try
        {
            Fetch(input, cancellationToken);
        }
        catch (AhoyException e)
        {
            throw TransferException.Of($"The input \"{input.Path}\" could not be fetched", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TransferException.Of($"The input \"{input.Path}\" ({ByteSize.Format(input.Size)}) could not be written to the scratch directory", e);
        }
    }

    private void Fetch(JobInput input, CancellationToken cancellationToken)
    {
        var target = Path.Combine(paths.Scratch, RelativePaths.Check(input.Path, "input"));
        var temporary = Path.Combine(paths.Scratch, $".ahoy-input-{Interlocked.Increment(ref _number)}");
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0))
            {
                // A disk that is too small says so before hours of transfer.
                DiskSpace.Reserve(file, input.Size);
                File.SetUnixFileMode(file.SafeFileHandle, input.Executable ? Executable : Ordinary);
                Receive(input, file, cancellationToken);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private void Receive(JobInput input, FileStream file, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 * 1024];
        long offset = 0, total = 0;
        var wrongDigests = 0;

        Retry.Run(retry, () => total, () =>
        {
            if (offset < input.Size)
                ReceiveRest();
            var digest = Digest.FromHash(hash.GetHashAndReset());
            if (digest == input.Digest)
                return;
            offset = 0;
            file.SetLength(0);
            throw new AhoyException(ErrorCode.DigestMismatch, $"Its bytes have the digest {digest}, not {input.Digest} as they must.", transient: ++wrongDigests < MaxWrongDigests);
        }, cancellationToken);

        void ReceiveRest()
        {
            using var connection = RelayConnection.Open(paths.Socket, retry.StallTime, cancellationToken);
            var reply = connection.Ask(new RelayRequest { Operation = RelayOperation.Fetch, Digest = input.Digest, Offset = offset });
            if (reply.Length != input.Size - offset)
                throw new AhoyException(ErrorCode.DigestMismatch, $"The agent offers {reply.Length} bytes from {offset} on, but the input has {input.Size} bytes.");
            while (offset < input.Size)
            {
                var count = connection.Receive(buffer.AsMemory(0, (int)Math.Min(buffer.Length, input.Size - offset)));
                RandomAccess.Write(file.SafeFileHandle, buffer.AsSpan(0, count), offset);
                hash.AppendData(buffer, 0, count);
                offset += count;
                total += count;
            }
        }
    }
}
