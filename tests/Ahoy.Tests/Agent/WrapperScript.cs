using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Runtimes;

namespace Ahoy.Tests.Agent;

/// <summary>Acts as the wrapper of a container, over the real files and the real socket.</summary>
internal sealed class WrapperScript(ContainerSpec spec)
{
    public string Out { get; } = Source(spec, WrapperOrders.OutDirectory);
    public string Socket { get; } = Path.Combine(Source(spec, "/ahoy/relay"), "relay.sock");
    public WrapperOrders Orders { get; } = JsonSerializer.Deserialize(File.ReadAllBytes(Source(spec, WrapperOrders.OrdersFile)), AhoyJson.Default.WrapperOrders)!;

    public void Print(string name, string text) => File.AppendAllText(Path.Combine(Out, name), text);

    public void Finish(WrapperResult result)
    {
        var file = Path.Combine(Out, WrapperOrders.ResultFileName);
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(result, AhoyJson.Default.WrapperResult));
        File.Move(file + ".new", file);
    }

    public async Task<byte[]> FetchAsync(Digest digest, long offset = 0)
    {
        using var stream = await ConnectAsync();
        var reply = await AskAsync(stream, new RelayRequest { Operation = RelayOperation.Fetch, Digest = digest, Offset = offset });
        Assert.True(reply.Ok, reply.Message);
        var bytes = new byte[reply.Length];
        await stream.ReadExactlyAsync(bytes, TestContext.Current.CancellationToken);
        return bytes;
    }

    public async Task<OutputFile> DeliverAsync(string path, byte[] bytes)
    {
        using var stream = await ConnectAsync();
        var digest = Digest.Of(bytes);
        var reply = await AskAsync(stream, new RelayRequest { Operation = RelayOperation.Deliver, Digest = digest, Size = bytes.Length });
        Assert.True(reply.Ok, reply.Message);
        await stream.WriteAsync(bytes.AsMemory((int)reply.Offset), TestContext.Current.CancellationToken);
        var confirmation = await ReadReplyAsync(stream);
        Assert.True(confirmation!.Ok, confirmation.Message);
        return new OutputFile { Path = path, Digest = digest, Size = bytes.Length };
    }

    public async Task TellAsync(JobState phase)
    {
        using var stream = await ConnectAsync();
        Assert.True((await AskAsync(stream, new RelayRequest { Operation = RelayOperation.Phase, Phase = phase })).Ok);
    }

    public async Task<NetworkStream> ConnectAsync()
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), TestContext.Current.CancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
            {
                // As the wrapper does: an agent that is just starting again listens in a moment.
                socket.Dispose();
                await Task.Yield();
            }
        }
    }

    public static async Task<RelayReply> AskAsync(NetworkStream stream, RelayRequest request)
    {
        var line = JsonSerializer.Serialize(request, AhoyJson.Default.RelayRequest) + "\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(line), TestContext.Current.CancellationToken);
        return (await ReadReplyAsync(stream))!;
    }

    /// <summary>Null when the other side has closed.</summary>
    public static async Task<RelayReply?> ReadReplyAsync(NetworkStream stream)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one, TestContext.Current.CancellationToken) == 1)
        {
            if (one[0] == '\n')
                return JsonSerializer.Deserialize([.. line], AhoyJson.Default.RelayReply);
            line.Add(one[0]);
        }

        return null;
    }

    private static string Source(ContainerSpec spec, string target) => spec.Mounts.Single(mount => mount.Target == target).Source;
}
