using System.IO.Pipes;
using Ahoy.Client.Output;

namespace Ahoy.Tests.Client;

public sealed class StandardStreamTests
{
    [Fact]
    public async Task Write_LongerThanAPipeHolds_ArrivesWhole()
    {
        using var reader = new AnonymousPipeServerStream(PipeDirection.In);
        var bytes = new byte[300_000];
        Random.Shared.NextBytes(bytes);
        var read = Task.Run(() =>
        {
            var seen = new byte[bytes.Length];
            reader.ReadExactly(seen);
            return seen;
        });

        using var stream = new StandardStream((int)reader.ClientSafePipeHandle.DangerousGetHandle());
        stream.Write(bytes.AsSpan());

        Assert.Equal(bytes, await read);
    }

    [Fact]
    public void Write_NobodyReads_IsNoFailure()
    {
        var reader = new AnonymousPipeServerStream(PipeDirection.In);
        using var stream = new StandardStream((int)reader.ClientSafePipeHandle.DangerousGetHandle());
        // The server would close the writing end together with its own.
        reader.ClientSafePipeHandle.SetHandleAsInvalid();
        reader.Dispose();

        stream.Write("x"u8);
    }
}
