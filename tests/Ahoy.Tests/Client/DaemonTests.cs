using Ahoy.Client.Local;

namespace Ahoy.Tests.Client;

public sealed class DaemonTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Pid => Path.Combine(_folder.Path, "d.pid");

    [Fact]
    public async Task Start_Program_RunsInItsOwnSession_AndIsFoundAndStopped()
    {
        var id = DaemonSpawn.Start("/bin/sh", ["-c", "echo ready $$ $PWD; echo oops >&2; exec sleep 1000"], Path.Combine(_folder.Path, "d.stderr"), out var output);
        await using var _ = output;
        var process = DaemonProcess.Register(id, Pid);
        using var reader = new StreamReader(output);
        Assert.Equal($"ready {id} /", await reader.ReadLineAsync());
        // The sixth field of proc(5)'s stat, counted after the name: the session.
        var stat = await File.ReadAllTextAsync($"/proc/{id}/stat");
        Assert.Equal(id.ToString(), stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3]);
        Assert.Equal(process, DaemonProcess.Find(Pid));

        await process.StopAsync("daemon", "d.log", CancellationToken.None);

        Assert.Null(DaemonProcess.Find(Pid));
        Assert.Equal("oops\n", await File.ReadAllTextAsync(Path.Combine(_folder.Path, "d.stderr")));
    }

    [Fact]
    public void Find_ProcessIdGivenToAnother_IsNotTheDaemon()
    {
        DaemonProcess.Register(Environment.ProcessId, Pid);
        Assert.NotNull(DaemonProcess.Find(Pid));

        File.WriteAllText(Pid, $"{Environment.ProcessId} 1\n");

        Assert.Null(DaemonProcess.Find(Pid));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x y")]
    [InlineData("12")]
    public void Find_DamagedFile_IsNoDaemon(string content)
    {
        File.WriteAllText(Pid, content);

        Assert.Null(DaemonProcess.Find(Pid));
    }
}
