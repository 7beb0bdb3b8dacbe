using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Ahoy.Contracts;
using Ahoy.Contracts.Names;

namespace Ahoy.Tests.Names;

/// <summary>Against name servers that a test scripts byte by byte; the system tests ask a real one.</summary>
public sealed class NameResolverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8::7", "2001:db8::7")]
    [InlineData("master", "192.0.2.1 2001:db8::1")]
    [InlineData("MASTER.example.org", "192.0.2.1")]
    [InlineData("localhost", "127.0.0.1 ::1")]
    public async Task Name_OfTheHostsFileOrNone_AsksNobody(string name, string addresses)
    {
        var resolver = new NameResolver(
            () => "# hosts\n192.0.2.1 master.example.org master # here\n\n2001:db8::1\tmaster\nnonsense master\n",
            () => throw new InvalidOperationException("no server is to be asked"));
        Assert.Equal(addresses, string.Join(' ', await resolver.ResolveAsync(name, Token)));
    }

    [Theory]
    [InlineData(3, "There is no host nowhere.example")]
    [InlineData(2, "SERVFAIL")]
    [InlineData(5, "REFUSED")]
    public async Task Refusal_OfTheServer_IsSaidInWords(int code, string word)
    {
        using var server = new ScriptedServer(query => [Answer(query, code)]);
        var error = await Assert.ThrowsAsync<AhoyException>(() => server.Resolver().ResolveAsync("nowhere.example", Token));
        Assert.Equal(ErrorCode.Unavailable, error.Code);
        Assert.Contains(word, error.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_ThatIsNotThere_IsNamed()
    {
        using var gone = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        gone.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var server = (IPEndPoint)gone.LocalEndPoint!;
        gone.Dispose();
        var error = await Assert.ThrowsAsync<AhoyException>(() => Resolver(server).ResolveAsync("a.example", Token));
        Assert.Contains("can't be reached", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_ThatIsSilent_IsFollowedByTheNext()
    {
        using var silent = new ScriptedServer(_ => []);
        using var good = new ScriptedServer(query => [Answer(query, 0, [1, 2, 3, 4])]);
        var resolver = new NameResolver(() => "", () => new ResolverConfiguration { Servers = [silent.Address, good.Address], Timeout = TimeSpan.FromMilliseconds(200) });
        Assert.Equal("1.2.3.4", (await resolver.ResolveAsync("a.example", Token))[0].ToString());
    }

    [Fact]
    public async Task Answers_ThatAreNotToTheQuestion_AreIgnored()
    {
        using var server = new ScriptedServer(query =>
        {
            var otherId = Answer(query, 0, [6, 6, 6, 6]);
            otherId[0] ^= 1;
            var otherName = Answer(query, 0, [6, 6, 6, 6]);
            otherName[13] ^= 1;
            var noAnswer = Answer(query, 0, [6, 6, 6, 6]);
            noAnswer[2] &= 0x7F;
            var loop = Answer(query, 0, [6, 6, 6, 6]);
            // The record's name points at itself.
            BinaryPrimitives.WriteUInt16BigEndian(loop.AsSpan(query.Length), (ushort)(0xC000 | query.Length));
            return [[], [1], otherId, otherName, noAnswer, loop, Answer(query, 0, [6, 6, 6, 6])[..^2], Answer(query, 0, [1, 2, 3, 4])];
        });
        Assert.Equal(["1.2.3.4"], (await server.Resolver().ResolveAsync("a.example", Token)).Select(address => address.ToString()));
    }

    [Fact]
    public async Task Address_OfAnotherNameInTheAnswer_IsNotTaken()
    {
        using var server = new ScriptedServer(query => [Answer(query, 0, [6, 6, 6, 6], owner: [1, (byte)'x', 0])]);
        var error = await Assert.ThrowsAsync<AhoyException>(() => server.Resolver().ResolveAsync("a.example", Token));
        Assert.Contains("has no address", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData("ä.example")]
    public async Task Name_ThatCanNotBeOne_IsRefused(string name)
    {
        using var server = new ScriptedServer(query => [Answer(query, 3)]);
        var error = await Assert.ThrowsAsync<AhoyException>(() => server.Resolver().ResolveAsync(name, Token));
        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
    }

    [Fact]
    public async Task Connection_ToTheFirstAddressThatAnswers_IsTaken()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        // TEST-NET-1 has no hosts (RFC 5737); nobody listens on 127.0.0.2.
        using var socket = await NamedConnection.ConnectAsync(
            [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("127.0.0.2"), IPAddress.Loopback], ((IPEndPoint)listener.LocalEndpoint).Port, Token);
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)socket.RemoteEndPoint!).Address);
    }

    private static NameResolver Resolver(IPEndPoint server) => new(() => "", () => new ResolverConfiguration { Servers = [server], Attempts = 1 });

    /// <summary>An answer to an A query; other queries get one without records.</summary>
    private static byte[] Answer(byte[] query, int code, byte[]? address = null, byte[]? owner = null)
    {
        var isA = query[^3] == 1;
        byte[] record = address is null || !isA ? [] : [.. owner ?? [0xC0, 12], 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. address];
        byte[] answer = [.. query, .. record];
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(2), (ushort)(0x8180 | code));
        answer[7] = (byte)(record.Length == 0 ? 0 : 1);
        return answer;
    }

    /// <summary>Sends what the script says for each datagram that comes.</summary>
    private sealed class ScriptedServer : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        public ScriptedServer(Func<byte[], byte[][]> script)
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Address = (IPEndPoint)_socket.LocalEndPoint!;
            _ = ServeAsync(script);
        }

        public IPEndPoint Address { get; }

        public NameResolver Resolver() => NameResolverTests.Resolver(Address);

        public void Dispose() => _socket.Dispose();

        private async Task ServeAsync(Func<byte[], byte[][]> script)
        {
            var buffer = new byte[512];
            while (true)
            {
                try
                {
                    var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                    foreach (var answer in script(buffer[..received.ReceivedBytes]))
                        await _socket.SendToAsync(answer, received.RemoteEndPoint);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // The end of the test.
                    return;
                }
            }
        }
    }
}
