using System.Collections.Concurrent;
using Ahoy.Agent.Attempts;
using Ahoy.Agent.Contact;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;

namespace Ahoy.Agent.Relay;

/// <summary>Answers the requests of one relay connection, one after the other.</summary>
internal sealed class RelaySession(
    Attempt attempt, MasterClient master, RelayConnection connection, ConcurrentDictionary<Digest, long> delivered, HashSet<Digest> begun, Action onPhase)
{
    /// <summary>How many different contents may be delivered per declared output: files may change between two tries, but the master's disk is not the program's.</summary>
    private const int ContentsPerOutput = 4;

    /// <exception cref="AhoyException">The other side does not speak the protocol, or a transfer broke within its bytes: the connection is to be closed.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await connection.ReadRequestAsync(cancellationToken) is { } request)
        {
            switch (request.Operation)
            {
                case RelayOperation.Fetch:
                    await FetchAsync(request, cancellationToken);
                    break;
                case RelayOperation.Deliver:
                    await DeliverAsync(request, cancellationToken);
                    break;
                case RelayOperation.Phase when request.Phase is JobState.Running or JobState.Delivering:
                    attempt.MoveTo(request.Phase.Value);
                    onPhase();
                    await connection.ReplyAsync(new RelayReply { Ok = true }, cancellationToken);
                    break;
                default:
                    throw new AhoyException(ErrorCode.InvalidRequest, $"The relay request {request.Operation} {request.Phase} is not understood.");
            }
        }
    }

    private async Task FetchAsync(RelayRequest request, CancellationToken cancellationToken)
    {
        if (request.Digest is not { } digest || !attempt.Inputs.TryGetValue(digest, out var input))
        {
            await RefuseAsync(new AhoyException(ErrorCode.Forbidden, $"{request.Digest} is not an input of this job."), cancellationToken);
            return;
        }

        if (request.Offset < 0 || request.Offset > input.Size)
        {
            await RefuseAsync(new AhoyException(ErrorCode.OffsetMismatch, $"Input {input.Path} has {input.Size} bytes; there is none at {request.Offset}."), cancellationToken);
            return;
        }

        var length = input.Size - request.Offset;
        if (length == 0)
        {
            await connection.ReplyAsync(new RelayReply { Ok = true }, cancellationToken);
            return;
        }

        Stream source;
        try
        {
            source = await new AttemptBlobSource(master, attempt.Id, pulled: null).OpenAsync(input.Digest, request.Offset, cancellationToken);
        }
        catch (AhoyException e)
        {
            await RefuseAsync(e, cancellationToken);
            return;
        }

        await using (source)
        {
            await connection.ReplyAsync(new RelayReply { Ok = true, Length = length }, cancellationToken);
            await connection.CopyFromAsync(source, length, cancellationToken);
        }
    }

    private async Task DeliverAsync(RelayRequest request, CancellationToken cancellationToken)
    {
        if (request.Digest is not { } digest || request.Size < 0)
            throw new AhoyException(ErrorCode.InvalidRequest, "A delivery has no digest, or a negative size.");
        if (!MayBegin(digest))
        {
            await RefuseAsync(new AhoyException(ErrorCode.Forbidden, $"The job declared {attempt.Order.Request.Outputs.Count} outputs and has begun to deliver {ContentsPerOutput} contents for each already."), cancellationToken);
            return;
        }

        bool complete;
        long offset;
        try
        {
            var upload = await master.GetUploadAsync(attempt.Id, digest, cancellationToken);
            (complete, offset) = (upload.Complete, upload.Complete ? request.Size : upload.Offset);
            if (offset > request.Size)
                throw new AhoyException(ErrorCode.OffsetMismatch, $"The master has {offset} bytes of output {digest}, which is said to have {request.Size}.");
        }
        catch (AhoyException e)
        {
            await RefuseAsync(e, cancellationToken);
            return;
        }

        await connection.ReplyAsync(new RelayReply { Ok = true, Offset = offset }, cancellationToken);
        if (!complete && await SendAsync(digest, offset, request.Size, cancellationToken) is { } fault)
        {
            // Some of the announced bytes may still be on their way: only a new connection starts clean.
            await RefuseAsync(fault, cancellationToken);
            throw fault;
        }

        delivered[digest] = request.Size;
        await connection.ReplyAsync(new RelayReply { Ok = true, Offset = request.Size }, cancellationToken);
    }

    /// <summary>Counts what was begun, not what was completed: unfinished uploads take the master's disk as well.</summary>
    private bool MayBegin(Digest digest)
    {
        lock (begun)
        {
            return begun.Contains(digest) || (begun.Count < ContentsPerOutput * attempt.Order.Request.Outputs.Count && begun.Add(digest));
        }
    }

    private async Task<AhoyException?> SendAsync(Digest digest, long offset, long size, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new RelayedContent(connection, size - offset);
            var upload = await master.PatchUploadAsync(attempt.Id, digest, offset, size, content, cancellationToken);
            return upload.Complete
                ? null
                : new AhoyException(ErrorCode.OffsetMismatch, $"The master has {upload.Offset} of {size} bytes of output {digest}.", transient: true);
        }
        catch (AhoyException e)
        {
            return e;
        }
    }

    private Task RefuseAsync(AhoyException e, CancellationToken cancellationToken) =>
        connection.ReplyAsync(new RelayReply { Ok = false, Code = e.Code, Message = e.Message, Transient = e.Transient }, cancellationToken);
}
