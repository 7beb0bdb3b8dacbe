using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Testing;
using Ahoy.Wrapper;
using Ahoy.Wrapper.Programs;
using Ahoy.Wrapper.Relay;

namespace Ahoy.Tests.Wrapper;

/// <summary>A wrapper in this process, with folders of its own and a fake relay: everything but being the first process of a container.</summary>
internal sealed class WrapperFixture : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("ahoy.");

    public WrapperFixture()
    {
        Paths = new WrapperPaths(Path.Combine(_root.FullName, "orders.json"), Path.Combine(_root.FullName, "relay.sock"), Path.Combine(_root.FullName, "out"), Path.Combine(_root.FullName, "scratch"));
        Directory.CreateDirectory(Paths.Out);
        Directory.CreateDirectory(Paths.Scratch);
        Relay = new FakeRelay(Paths.Socket);
    }

    public WrapperPaths Paths { get; }

    public FakeRelay Relay { get; set; }

    public RunEvents Events { get; } = new();

    public RetryPolicy Policy { get; set; } = new() { FirstDelay = TimeSpan.FromMilliseconds(5), LongestDelay = TimeSpan.FromMilliseconds(20), GiveUpAfter = Patience };

    public string StandardOutput => File.ReadAllText(Path.Combine(Paths.Out, "stdout"));

    public WrapperOrders Shell(string script) => Command("/bin/sh", "-c", script);

    public WrapperOrders Command(params string[] command) => new()
    {
        Command = command,
        Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", ["GREETING"] = "ahoy, 世界" },
        WorkingDirectory = Paths.Scratch,
    };

    /// <summary>Runs the orders to their end.</summary>
    public Task<(int Code, WrapperResult Result)> RunAsync(WrapperOrders orders)
    {
        File.WriteAllBytes(Paths.Orders, JsonSerializer.SerializeToUtf8Bytes(orders, AhoyJson.Default.WrapperOrders));
        return Task.Factory.StartNew(RunWrapper, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Patience + Patience);
    }

    private (int Code, WrapperResult Result) RunWrapper()
    {
        var code = new WrapperRun(Paths, Events, new ProcessScope(firstProcess: false), Policy).Run();
        var result = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(Paths.Out, WrapperOrders.ResultFileName)), AhoyJson.Default.WrapperResult);
        return (code, result!);
    }

    public string InScratch(string path) => Path.Combine(Paths.Scratch, path);

    public void Write(string path, string text) => File.WriteAllText(InScratch(path), text);

    /// <summary>Waits for something that another process does.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var end = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < end, $"Not within {Patience.TotalSeconds} s: {what}");
            await Task.Delay(5);
        }
    }

    /// <summary>Waits until the program has written a word to its standard output.</summary>
    public Task UntilOutputAsync(string word) =>
        UntilAsync(() => File.Exists(Path.Combine(Paths.Out, "stdout")) && StandardOutput.Contains(word, StringComparison.Ordinal), $"\"{word}\" in the program's output");

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        Events.Dispose();
        _root.Delete(recursive: true);
    }
}
