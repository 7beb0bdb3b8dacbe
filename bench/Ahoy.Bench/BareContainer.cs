using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.Bench;

/// <summary>`crun run` (or runc) of /bin/true with nothing around it: what a container costs on this computer at least.</summary>
internal static class BareContainer
{
    public const string Word = "bare-container";

    public static string Runtime { get; } = ProgramRunner.Find("crun") is not null ? "crun" : "runc";

    /// <returns>Median milliseconds of one run.</returns>
    public static async Task<double> MeasureAsync(TempDirectory directory, int count)
    {
        var bundle = directory.Below("bundle");
        Directory.CreateDirectory(Path.Combine(bundle, "rootfs", "bin"));
        foreach (var name in new[] { "proc", "sys", "dev", "tmp" })
            Directory.CreateDirectory(Path.Combine(bundle, "rootfs", name));
        File.Copy(BusyboxImage.Program, Path.Combine(bundle, "rootfs", "bin", "true"));
        await ProgramRunner.RunAsync(new ProgramCall { Program = Runtime, Arguments = ["spec"], WorkingDirectory = bundle }, CancellationToken.None);
        await WriteSpecAsync(Path.Combine(bundle, "config.json"));

        // In a mount namespace without the hybrid cgroup tree, which crun refuses; so does the agent.
        string[] mapped = Environment.IsPrivilegedProcess ? [] : ["--map-root-user"];
        var hide = Environment.IsPrivilegedProcess ? "umount -l /sys/fs/cgroup/unified 2>/dev/null" : "mount -t tmpfs none /sys/fs/cgroup";
        var call = new ProgramCall
        {
            Program = "unshare",
            Arguments = [.. mapped, "--mount", "--propagation", "private", "sh", "-c", $"{hide}; exec \"$@\"", "sh", Environment.ProcessPath!, .. Assembly(), Word, bundle, Runtime, $"{count}"],
        };
        var output = await ProgramRunner.RunAsync(call, CancellationToken.None);
        return double.Parse(output.Output.Trim(), CultureInfo.InvariantCulture);
    }

    /// <summary>The part inside the namespace: prints the median.</summary>
    public static int RunInside(string bundle, string runtime, int count)
    {
        var times = new List<double>();
        for (var i = 0; i < count; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            using var process = Process.Start(runtime, ["--root", Path.Combine(bundle, "state"), "run", "--bundle", bundle, $"ahoy-bench-{Environment.ProcessId}-{i}"]);
            process.WaitForExit();
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            if (process.ExitCode != 0)
                return process.ExitCode;
        }

        Console.WriteLine(Median.Of(times).ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static async Task WriteSpecAsync(string path)
    {
        var spec = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        spec["process"]!["terminal"] = false;
        spec["process"]!["args"] = new JsonArray("/bin/true");
        if (!Environment.IsPrivilegedProcess)
        {
            // One mapped id, no cgroups of one's own: the agent's situation without root.
            spec["linux"]!.AsObject().Remove("resources");
            spec["mounts"] = new JsonArray([.. spec["mounts"]!.AsArray().Where(mount => (string)mount!["destination"]! is "/proc" or "/dev").Select(mount => mount!.DeepClone())]);
        }

        await File.WriteAllTextAsync(path, spec.ToJsonString());
    }

    /// <summary>Started as `dotnet X.dll`, the process is dotnet and needs the file's name.</summary>
    private static string[] Assembly() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(BareContainer).Assembly.Location] : [];
}
