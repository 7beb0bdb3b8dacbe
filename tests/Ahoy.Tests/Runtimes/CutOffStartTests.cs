using Ahoy.Contracts;
using Ahoy.Runtimes;
using Ahoy.Runtimes.Oci;

namespace Ahoy.Tests.Runtimes;

/// <summary>What a daemon that was killed during a start leaves, for the next one to find.</summary>
public sealed class CutOffStartTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("ahoy.").FullName;
    private readonly ContainerHandle _container = new("job-1.1");

    private ContainerDirectory Container => new(Path.Combine(_state, "containers", "crun", _container.Name));
    private IContainerRuntime Runtime => ContainerRuntimes.Create("crun", _state, layerBytes: null);

    public CutOffStartTests() => Directory.CreateDirectory(Container.Path);

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("""{"layers":[""")]
    public async Task Container_WithoutAWholeRecord_IsNotFoundAndCanBeRemoved(string? record)
    {
        if (record is not null)
            await File.WriteAllTextAsync(Container.In("container.json"), record, TestContext.Current.CancellationToken);

        Assert.Equal([_container], await Runtime.ListAsync(TestContext.Current.CancellationToken));
        var error = await Assert.ThrowsAsync<AhoyException>(() => Runtime.WaitAsync(_container, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.NotFound, error.Code);
        await Runtime.RemoveAsync(_container, TestContext.Current.CancellationToken);
        Assert.Empty(await Runtime.ListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Record_IsNeverSeenHalfWritten()
    {
        var record = new ContainerRecord { Layers = ["a"], ImageTime = DateTimeOffset.UnixEpoch, MountTargets = [], Cgroups = [] };
        Container.Write(record);
        // Who has opened the old file goes on reading the old one.
        using var old = File.OpenRead(Container.In("container.json"));
        var length = old.Length;
        Container.Write(record with { Layers = [new string('b', 10_000)] });
        Assert.Equal(length, old.Length);
        Assert.Equal(["container.json"], Directory.EnumerateFiles(Container.Path).Select(Path.GetFileName));
    }
}
