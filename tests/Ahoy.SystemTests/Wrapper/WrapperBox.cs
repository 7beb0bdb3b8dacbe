using System.Diagnostics;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Relay;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Wrapper;

/// <summary>
/// The published executable as first process of a new pid namespace, in a root that holds only itself and what an agent mounts
/// (and busybox as the program, where a test asks for it). Made by unshare(1), so that no container runtime is needed.
/// </summary>
internal sealed class WrapperBox : IAsyncDisposable
{
    private const UnixFileMode Executable = (UnixFileMode)0x1ED;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("ahoy.");
    private Process? _process;

    public WrapperBox()
    {
        var executable = Environment.GetEnvironmentVariable("AHOY_EXECUTABLE") ?? "";
        Skip(File.Exists(executable), "AHOY_EXECUTABLE does not name the published executable (./build makes it)");
        Skip(File.Exists("/bin/busybox"), "busybox-static is not installed");
        Skip(CanUnshare(), "unshare(1) cannot make user and pid namespaces here");

        foreach (var directory in new[] { "ahoy/out", "ahoy/relay", "scratch", "proc", "dev", "bin" })
        {
            Directory.CreateDirectory(In(directory));
        }

        File.WriteAllText(In("dev/urandom"), "");
        File.Copy(executable, In("ahoy/ahoy"));
        File.SetUnixFileMode(In("ahoy/ahoy"), Executable);
        Relay = new FakeRelay(In("ahoy/relay/relay.sock"));
    }

    public FakeRelay Relay { get; }

    /// <summary>Commands that the agent's side of the box runs before the wrapper; the working directory is the box's root.</summary>
    public string Setup { get; set; } = "";

    public string In(string path) => Path.Combine(_root.FullName, path);

    public string StandardOutput => File.Exists(In("ahoy/out/stdout")) ? File.ReadAllText(In("ahoy/out/stdout")) : "";

    public WrapperOrders Shell(string script)
    {
        if (!File.Exists(In("bin/sh")))
        {
            File.Copy("/bin/busybox", In("bin/sh"));
            File.SetUnixFileMode(In("bin/sh"), Executable);
        }

        return new WrapperOrders { Command = ["sh", "-c", script], Environment = new Dictionary<string, string> { ["PATH"] = "/bin" } };
    }

    public void Start(WrapperOrders? orders, params string[] arguments)
    {
        if (orders is not null)
            File.WriteAllBytes(In("ahoy/orders.json"), JsonSerializer.SerializeToUtf8Bytes(orders, AhoyJson.Default.WrapperOrders));
        var start = new ProcessStartInfo("unshare") { RedirectStandardError = true, RedirectStandardOutput = true };
        var script = $"cd '{_root.FullName}'; mount --bind /dev/urandom dev/urandom; mount -t proc proc proc; {Setup}\n"
            // The second user namespace takes all capabilities away, as every container's defaults do.
            + "exec unshare --user --map-user=1000 --map-group=1000 --root=. --wd=/ /ahoy/ahoy wrapper \"$@\"";
        foreach (var argument in (string[])["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", script, "sh", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
    }

    /// <summary>The end of the box: exit code of the first process, what it printed, and the result that it left.</summary>
    public async Task<(int Code, string Printed, WrapperResult? Result)> WaitAsync()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var error = _process!.StandardError.ReadToEndAsync(timeout.Token);
        var output = _process.StandardOutput.ReadToEndAsync(timeout.Token);
        await _process.WaitForExitAsync(timeout.Token);
        var file = In("ahoy/out/result.json");
        var result = File.Exists(file) ? JsonSerializer.Deserialize(await File.ReadAllBytesAsync(file, timeout.Token), AhoyJson.Default.WrapperResult) : null;
        return (_process.ExitCode, await output + await error, result);
    }

    public Task<(int Code, string Printed, WrapperResult? Result)> RunAsync(WrapperOrders? orders, params string[] arguments)
    {
        Start(orders, arguments);
        return WaitAsync();
    }

    /// <summary>Sends a signal to the first process, as the agent does from outside.</summary>
    public void Signal(string name)
    {
        var first = File.ReadAllText($"/proc/{_process!.Id}/task/{_process.Id}/children").Trim();
        using var kill = Process.Start("kill", [$"-{name}", first]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    public async Task UntilOutputAsync(string word)
    {
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while (!StandardOutput.Contains(word, StringComparison.Ordinal))
        {
            Assert.True(DateTime.UtcNow < end, $"\"{word}\" did not come in 30 s");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        await Relay.DisposeAsync();
        _root.Delete(recursive: true);
    }

    private static void Skip(bool condition, string reason)
    {
        Require.That(condition, reason);
        Assert.SkipUnless(condition, reason);
    }

    private static bool CanUnshare()
    {
        using var probe = Process.Start(new ProcessStartInfo("unshare", ["--user", "--map-root-user", "--mount", "--pid", "--fork", "true"]) { RedirectStandardError = true })!;
        probe.WaitForExit();
        return probe.ExitCode == 0;
    }
}
