using System.Net.Sockets;
using System.Text;
using Ahoy.Agent.Attempts;
using Ahoy.Agent.Contact;
using Ahoy.Agent.Relay;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Runtimes;
using Ahoy.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ahoy.Tests.Agent;

/// <summary>The job's socket: whatever is on its other side gets this attempt's data and nothing else.</summary>
public sealed class RelayTests
{
    [Fact]
    public async Task Input_is_sent_from_the_offset_that_was_asked_for() =>
        await WithRelayAsync(async (wrapper, input) =>
            Assert.Equal("data"u8.ToArray(), await wrapper.FetchAsync(input.Digest, offset: 6)));

    [Fact]
    public async Task Blob_that_is_no_input_is_refused_and_the_connection_stays_usable() =>
        await WithRelayAsync(async (wrapper, input) =>
        {
            using var stream = await wrapper.ConnectAsync();
            var refusal = await WrapperScript.AskAsync(stream, new RelayRequest { Operation = RelayOperation.Fetch, Digest = Digest.Of([9]) });
            Assert.Equal((false, ErrorCode.Forbidden), (refusal.Ok, refusal.Code));

            Assert.True((await WrapperScript.AskAsync(stream, new RelayRequest { Operation = RelayOperation.Fetch, Digest = input.Digest })).Ok);
        });

    [Fact]
    public async Task Offset_beyond_the_input_is_refused() =>
        await WithRelayAsync(async (wrapper, input) =>
        {
            using var stream = await wrapper.ConnectAsync();
            var refusal = await WrapperScript.AskAsync(stream, new RelayRequest { Operation = RelayOperation.Fetch, Digest = input.Digest, Offset = 11 });
            Assert.Equal((false, ErrorCode.OffsetMismatch), (refusal.Ok, refusal.Code));
        });

    [Fact]
    public async Task Output_that_the_master_has_already_is_confirmed_without_bytes() =>
        await WithRelayAsync(async (wrapper, _) =>
        {
            await wrapper.DeliverAsync("out", [1, 2, 3]);
            using var stream = await wrapper.ConnectAsync();
            var request = new RelayRequest { Operation = RelayOperation.Deliver, Digest = Digest.Of([1, 2, 3]), Size = 3 };
            Assert.Equal(3, (await WrapperScript.AskAsync(stream, request)).Offset);
            Assert.True((await WrapperScript.ReadReplyAsync(stream))!.Ok);
        });

    [Fact]
    public async Task Empty_output_is_delivered() =>
        await WithRelayAsync(async (wrapper, _) => await wrapper.DeliverAsync("out", []));

    [Fact]
    public async Task Bytes_that_are_not_the_announced_ones_are_not_confirmed() =>
        await WithRelayAsync(async (wrapper, _) =>
        {
            using var stream = await wrapper.ConnectAsync();
            Assert.True((await WrapperScript.AskAsync(stream, new RelayRequest { Operation = RelayOperation.Deliver, Digest = Digest.Of([1]), Size = 1 })).Ok);
            await stream.WriteAsync(new byte[] { 2 }, AgentUnderTest.Canceled);
            Assert.False((await WrapperScript.ReadReplyAsync(stream))!.Ok);
        });

    [Fact]
    public async Task Program_can_not_fill_the_master_with_contents_that_nobody_asked_for() =>
        await WithRelayAsync(async (wrapper, _) =>
        {
            for (byte content = 0; content < 4; content++)
            {
                await wrapper.DeliverAsync("out", [content]);
            }

            using var stream = await wrapper.ConnectAsync();
            var refusal = await WrapperScript.AskAsync(stream, new RelayRequest { Operation = RelayOperation.Deliver, Digest = Digest.Of([99]), Size = 1 });
            Assert.Equal((false, ErrorCode.Forbidden), (refusal.Ok, refusal.Code));
        });

    [Fact]
    public async Task Deliveries_that_are_begun_and_never_ended_count_as_well() =>
        await WithRelayAsync(async (wrapper, _) =>
        {
            for (byte content = 0; content < 4; content++)
            {
                using var broken = await wrapper.ConnectAsync();
                Assert.True((await WrapperScript.AskAsync(broken, new RelayRequest { Operation = RelayOperation.Deliver, Digest = Digest.Of([content]), Size = 1 })).Ok);
            }

            using var stream = await wrapper.ConnectAsync();
            var refusal = await WrapperScript.AskAsync(stream, new RelayRequest { Operation = RelayOperation.Deliver, Digest = Digest.Of([99]), Size = 1 });
            Assert.Equal((false, ErrorCode.Forbidden), (refusal.Ok, refusal.Code));
        });

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("null\n")]
    [InlineData("""{"operation":"phase","phase":"COMPLETE"}""" + "\n")]
    [InlineData("""{"operation":"deliver","size":5}""" + "\n")]
    public async Task Nonsense_closes_the_connection(string text) =>
        await WithRelayAsync(async (wrapper, _) => Assert.True(await IsClosedAfterAsync(wrapper, Encoding.UTF8.GetBytes(text))));

    [Fact]
    public async Task Endless_line_closes_the_connection() =>
        await WithRelayAsync(async (wrapper, _) => Assert.True(await IsClosedAfterAsync(wrapper, new byte[64 * 1024])));

    [Fact]
    public async Task Connection_that_can_not_be_accepted_closes_the_socket_for_nobody_else()
    {
        var directory = Directory.CreateTempSubdirectory("ahoy.").FullName;
        using var attempt = new Attempt(AgentUnderTest.Order(1), directory, TimeProvider.System);
        Directory.CreateDirectory(attempt.Paths.RelayDirectory);
        await using var master = await FakeMaster.StartAsync();
        using var client = new MasterClient(master.Url, master.AgentToken);
        using var taken = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var answers = new Queue<Func<CancellationToken, ValueTask<Socket>>>(
        [
            _ => throw new SocketException((int)SocketError.ConnectionAborted),
            _ => throw new SocketException((int)SocketError.TooManyOpenSockets),
            _ => ValueTask.FromResult(taken),
        ]);
        var all = new TaskCompletionSource();
        var relay = RelayServer.Start(attempt, client, () => { }, NullLogger.Instance, async token =>
        {
            if (answers.TryDequeue(out var answer))
                return await answer(token);
            all.TrySetResult();
            await Task.Delay(Timeout.Infinite, token);
            throw new InvalidOperationException("never");
        });

        await all.Task.WaitAsync(TimeSpan.FromSeconds(10), AgentUnderTest.Canceled);

        // Removing what a job leaves begins with this.
        await relay.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private static async Task<bool> IsClosedAfterAsync(WrapperScript wrapper, byte[] bytes)
    {
        using var stream = await wrapper.ConnectAsync();
        try
        {
            await stream.WriteAsync(bytes, AgentUnderTest.Canceled);
            return await WrapperScript.ReadReplyAsync(stream) is null;
        }
        catch (IOException e) when (e.InnerException is SocketException)
        {
            // Closed with bytes that it had not read.
            return true;
        }
    }

    /// <summary>Runs a test inside a job with one input ("input data") and one declared output.</summary>
    private static async Task WithRelayAsync(Func<WrapperScript, JobInput, Task> test)
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var input = new JobInput { Path = "in", Digest = agent.Master.AddBlob("input data"u8.ToArray()), Size = 10 };
        Exception? fault = null;
        agent.Runtime.Program = async (wrapper, _) =>
        {
            fault = await Record.ExceptionAsync(() => test(wrapper, input));
            return new ContainerExit { ExitCode = 0 };
        };
        await agent.RunAsync(AgentUnderTest.Order(1, new JobRequest { Image = "i", Command = ["p"], Inputs = [input], Outputs = [new JobOutput { Path = "out" }] }));
        Assert.Null(fault);
    }
}
