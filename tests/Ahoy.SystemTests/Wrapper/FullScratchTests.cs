using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.SystemTests.Bases;
using Ahoy.Testing;
using Ahoy.Wrapper;
using Ahoy.Wrapper.Programs;
using Ahoy.Wrapper.Relay;

namespace Ahoy.SystemTests.Wrapper;

/// <summary>Programs that fill a real disk.</summary>
public sealed class FullScratchTests : IAsyncLifetime
{
    private readonly DirectoryInfo _elsewhere = Directory.CreateTempSubdirectory("ahoy.");
    private readonly RunEvents _events = new();
    private SmallDisk? _disk;

    private WrapperPaths Paths => new(Path.Combine(_elsewhere.FullName, "orders.json"), Path.Combine(_elsewhere.FullName, "relay.sock"), Path.Combine(_disk!.Path, "out"), Path.Combine(_disk.Path, "scratch"));

    public async ValueTask InitializeAsync()
    {
        _disk = await SmallDisk.CreateAsync("4m", TestContext.Current.CancellationToken);
        Directory.CreateDirectory(Paths.Out);
        Directory.CreateDirectory(Paths.Scratch);
    }

    public async ValueTask DisposeAsync()
    {
        if (_disk is not null)
            await _disk.DisposeAsync();
        _events.Dispose();
        _elsewhere.Delete(recursive: true);
    }

    [Theory]
    [InlineData("cat /dev/zero >big", JobState.Running)]
    [InlineData("cat /dev/zero >big; true", JobState.Delivering)]
    [InlineData("touch result; head -c 8000000 /dev/zero", JobState.Delivering)]
    public async Task Program_FillsTheDisk_TheResultSaysSo(string script, JobState phase)
    {
        await using var relay = new FakeRelay(Paths.Socket);
        var orders = new WrapperOrders
        {
            Command = ["/bin/sh", "-c", script],
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            WorkingDirectory = Paths.Scratch,
            Outputs = [new JobOutput { Path = "result" }],
        };
        await File.WriteAllBytesAsync(Paths.Orders, JsonSerializer.SerializeToUtf8Bytes(orders, AhoyJson.Default.WrapperOrders), TestContext.Current.CancellationToken);

        await Task.Run(() => new WrapperRun(Paths, _events, new ProcessScope(firstProcess: false), new RetryPolicy()).Run(), TestContext.Current.CancellationToken);

        var result = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(Path.Combine(Paths.Out, WrapperOrders.ResultFileName), TestContext.Current.CancellationToken), AhoyJson.Default.WrapperResult)!;
        Assert.Equal((JobState.SystemError, EndCause.DiskFull, phase, true), (result.State, result.End!.Cause, result.End.Phase, result.Retry));
        Assert.NotNull(result.End.Hint);
    }
}
