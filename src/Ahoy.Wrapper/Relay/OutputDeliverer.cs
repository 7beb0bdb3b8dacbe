using System.Security.Cryptography;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Relay;

/// <summary>Offers the declared outputs to the agent by size and SHA-256 and sends what it lacks of each.</summary>
internal sealed class OutputDeliverer(WrapperPaths paths, RetryPolicy retry)
{
    /// <summary>So many missing outputs are described, the rest is counted.</summary>
    private const int MostDescribed = 5;

    /// <exception cref="OperationCanceledException">The job was canceled meanwhile.</exception>
    public Delivery DeliverAll(WrapperOrders orders, CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        var undescribed = 0;
        var found = new List<(int Index, JobOutput Output, string Path, StatX Status)>();
        foreach (var output in orders.Outputs)
        {
            try
            {
                if (ScratchFile.Find(paths.Scratch, output.Path) is { } file)
                    found.Add((found.Count, output, file.Path, file.Status));
                else if (missing.Count >= MostDescribed)
                    undescribed++;
                else
                    missing.Add(MissingOutput.Describe(paths.Scratch, output.Path, orders.Inputs));
            }
            catch (TransferException e)
            {
                if (missing.Count >= MostDescribed)
                    undescribed++;
                else
                    missing.Add(e.Message);
            }
        }

        if (undescribed > 0)
            missing.Add($"{undescribed} more outputs are missing.");

        var delivered = new OutputFile?[found.Count];
        AhoyException? failure = null;
        try
        {
            Workers.ForEach(found, (file, stop) => delivered[file.Index] = Deliver(file.Output, file.Path, file.Status, stop), cancellationToken);
        }
        catch (TransferException e)
        {
            failure = e;
        }

        return new Delivery([.. delivered.OfType<OutputFile>()], missing, failure);
    }

    private OutputFile Deliver(JobOutput output, string path, StatX status, CancellationToken cancellationToken)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var size = file.Length;
            var digest = HashOf(file, cancellationToken);
            var sent = 0L;
            Retry.Run(retry, () => sent, () => Offer(file, digest, size, ref sent, cancellationToken), cancellationToken);
            return new OutputFile { Path = output.Path, Digest = digest, Size = size, Executable = status.IsExecutable };
        }
        catch (AhoyException e)
        {
            throw TransferException.Of($"The output \"{output.Path}\" could not be delivered", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TransferException.Of($"The output \"{output.Path}\" could not be read", e);
        }
    }

    private void Offer(FileStream file, Digest digest, long size, ref long sent, CancellationToken cancellationToken)
    {
        using var connection = RelayConnection.Open(paths.Socket, retry.StallTime, cancellationToken);
        var reply = connection.Ask(new RelayRequest { Operation = RelayOperation.Deliver, Digest = digest, Size = size });
        if (reply.Offset < 0 || reply.Offset > size)
            throw new AhoyException(ErrorCode.OffsetMismatch, $"The agent asks for the bytes from {reply.Offset} on, but there are {size}.");

        var buffer = new byte[128 * 1024];
        for (var offset = reply.Offset; offset < size;)
        {
            var count = RandomAccess.Read(file.SafeFileHandle, buffer, offset);
            if (count == 0)
                throw new AhoyException(ErrorCode.Conflict, $"The file became shorter than {size} bytes while it was delivered.");
            SendOrLearnWhyNot(connection, buffer.AsMemory(0, count));
            offset += count;
            sent = Math.Max(sent, offset);
        }

        connection.ReceiveReply();
    }

    /// <summary>A relay that refuses half way says so and closes: its reply tells more than the broken connection.</summary>
    private static void SendOrLearnWhyNot(RelayConnection connection, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            connection.Send(bytes);
        }
        catch (AhoyException e) when (e.Transient)
        {
            connection.ReceiveReply();
            throw;
        }
    }

    private static Digest HashOf(FileStream file, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 * 1024];
        int count;
        while ((count = file.Read(buffer)) > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
        }

        return Digest.FromHash(hash.GetHashAndReset());
    }
}
