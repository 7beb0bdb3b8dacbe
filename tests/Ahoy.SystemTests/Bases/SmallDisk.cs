using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Bases;

/// <summary>A real file system that is small. Only root can mount one; the test skips where it can't be had.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ahoy.");

    public string Path => _directory.FullName;

    public static async Task<SmallDisk> CreateAsync(string size, CancellationToken cancellationToken)
    {
        var disk = new SmallDisk();
        var said = await ProgramRunner.TryRunAsync(Mount("-t", "tmpfs", "-o", $"size={size}", "tmpfs", disk.Path), cancellationToken);
        if (said.ExitCode == 0)
            return disk;
        disk._directory.Delete();
        Require.That(false, $"a small file system can't be mounted: {said.Error}");
        Assert.Skip($"a small file system can't be mounted (it needs root): {said.Error}");
        return disk;
    }

    public Task ResizeAsync(string size, CancellationToken cancellationToken) =>
        ProgramRunner.RunAsync(Mount("-o", $"remount,size={size}", Path), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await ProgramRunner.RunAsync(new ProgramCall { Program = "umount", Arguments = [Path] }, CancellationToken.None);
        _directory.Delete();
    }

    private static ProgramCall Mount(params string[] arguments) => new() { Program = "mount", Arguments = arguments };
}
