using System.Net;

namespace Ahoy.Agent.Relay;

/// <summary>An upload's body: bytes that come from the wrapper at this moment, kept nowhere.</summary>
internal sealed class RelayedContent(RelayConnection connection, long length) : HttpContent
{
    private bool _begun;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // The HTTP client may repeat a request on another connection; these bytes can't be had twice.
        if (_begun)
            throw new IOException("The output's bytes were sent on a connection that broke.");
        _begun = true;
        return connection.CopyToAsync(stream, length, cancellationToken);
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }
}
