using System.Collections;
using System.Runtime.InteropServices;
using Ahoy.Processes;
using Ahoy.Runtimes.Linux;
using Ahoy.Runtimes.Oci;

namespace Ahoy.Runtimes.Namespaces;

/// <summary>
/// The namespaces in which a daemon runs its containers: made once per daemon, so that a job costs no more than its own.
/// An ordinary user becomes "root" of a user namespace and gets a private mount namespace; root gets the latter alone.
/// </summary>
public static unsafe class DaemonNamespace
{
    /// <summary>Set for the process that was started inside; its value is the working directory to go back to.</summary>
    private const string Marker = "AHOY_INSIDE_NAMESPACE";

    /// <summary>
    /// Call it first thing in a daemon's command. It replaces this process, in place, by the same program with the same arguments
    /// inside the namespaces, where the call returns null. When containers of <paramref name="stateDirectory"/> still run in the
    /// namespaces of an earlier daemon, those are joined. Where the host allows no namespaces it returns why and what to do.
    /// </summary>
    /// <param name="arguments">The command line without the program.</param>
    /// <param name="stateDirectory">The one given to <see cref="ContainerRuntimes.Create"/>.</param>
    public static string? Enter(IReadOnlyList<string> arguments, string stateDirectory)
    {
        if (Environment.GetEnvironmentVariable(Marker) is { } directory)
        {
            Environment.SetEnvironmentVariable(Marker, null);
            Environment.CurrentDirectory = directory;
            HideHybridCgroups();
            return null;
        }

        if (FindLiveContainer(stateDirectory) is { } process)
            return Replace([.. JoinCommand(process), .. SelfCommand(arguments)]);
        if (NewCommand(out var reason) is { } command)
            return Replace([.. command, .. SelfCommand(arguments)]);
        return reason;
    }

    /// <summary>The command that runs another one in new namespaces, or null with the reason why there can be none.</summary>
    internal static IReadOnlyList<string>? NewCommand(out string reason)
    {
        reason = "";
        // "slave": what the host mounts later (a volume, say) appears inside, and nothing of ours appears on the host.
        string[] mounts = ["--mount", "--propagation", "slave", "--"];
        if (IdRanges.OfThisProcess() != IdRange.Ordinary)
            return Try(["unshare", .. mounts], out reason);
        string[] single = ["unshare", "--user", "--map-root-user"];
        return Try([.. single, "--map-auto", .. mounts], out _) ?? Try([.. single, .. mounts], out reason);
    }

    private static IReadOnlyList<string>? Try(IReadOnlyList<string> command, out string reason)
    {
        reason = "";
        try
        {
            var trial = new ProgramCall { Program = command[0], Arguments = [.. command.Skip(1), "true"], Timeout = TimeSpan.FromSeconds(10) };
            // The daemon's process has nothing else to do yet; it waits to be replaced.
            var output = ProgramRunner.TryRunAsync(trial, CancellationToken.None).GetAwaiter().GetResult();
            if (output.ExitCode == 0)
                return command;
            reason = $"This host lets user {HostUser.Name()} make no namespaces for containers: \"{output.Error.Trim()}\". {Remedy()}";
        }
        catch (ProgramFailedException e)
        {
            reason = $"{e.Message} Containers need the unshare and nsenter programs (Debian: package util-linux).";
        }

        return null;
    }

    private static string Remedy()
    {
        (string File, string Bad, string Setting)[] settings =
        [
            ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
            ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
            ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ];
        foreach (var (file, bad, setting) in settings)
        {
            if (File.Exists(file) && File.ReadAllText(file).Trim() == bad)
                return $"An administrator can allow it: sysctl -w {setting} (and put that line into /etc/sysctl.d/).";
        }

        return "An administrator has to allow user and mount namespaces (in a container: the seccomp profile and CAP_SYS_ADMIN decide), or run this daemon as root.";
    }

    private static int? FindLiveContainer(string stateDirectory)
    {
        if (!Directory.Exists(stateDirectory))
            return null;
        foreach (var directory in ContainerDirectory.All(stateDirectory))
        {
            if (directory.Launcher() is { } process && directory.HasPrivateMounts(process))
                return process.Id;
        }

        return null;
    }

    private static string[] JoinCommand(int process) =>
        IdRanges.OfThisProcess() == IdRange.Ordinary
            // The credentials are mapped to root inside already; setgroups is not allowed with one id.
            ? ["nsenter", "--target", $"{process}", "--user", "--preserve-credentials", "--mount", "--"]
            : ["nsenter", "--target", $"{process}", "--mount", "--"];

    private static string[] SelfCommand(IReadOnlyList<string> arguments)
    {
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("/proc/self/exe can't be read; is /proc mounted?");
        // In development the program is `dotnet` and its first argument the assembly.
        return Path.GetFileName(program) == "dotnet" ? [program, Path.GetFullPath(Environment.GetCommandLineArgs()[0]), .. arguments] : [program, .. arguments];
    }

    /// <summary>Returns only when it failed.</summary>
    private static string Replace(IReadOnlyList<string> command)
    {
        var program = ProgramRunner.Find(command[0]);
        if (program is null)
            return $"{command[0]} is not installed; containers need it (Debian: package util-linux).";
        var environment = new List<string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            environment.Add($"{variable.Key}={variable.Value}");
        environment.Add($"{Marker}={Environment.CurrentDirectory}");
        var path = (byte*)Marshal.StringToCoTaskMemUTF8(program);
        using var argv = new NativeStrings(command);
        using var envp = new NativeStrings(environment);
        _ = LibC.Execute(path, argv.Pointer, envp.Pointer);
        var error = LibC.LastError();
        Marshal.FreeCoTaskMem((nint)path);
        return $"{program} could not be started: {error}.";
    }

    /// <summary>
    /// crun refuses to work ("cgroups in hybrid mode not supported") where cgroup v1 hierarchies have a cgroup v2 mount beside them.
    /// In this private mount namespace an empty directory hides that mount; the limits of such a host are in the v1 hierarchies.
    /// </summary>
    private static void HideHybridCgroups()
    {
        const string hybrid = "/sys/fs/cgroup/unified";
        if (MountTable.Read().LastOrDefault(mount => mount.Target == hybrid) is { Type: "cgroup2" })
            _ = LibC.Mount("none", hybrid, "tmpfs", LibC.MsReadOnly | LibC.MsNoDev | LibC.MsNoSuid | LibC.MsNoExec, "mode=755");
        // A failure shows itself in the runtime's own message when it is probed.
    }
}
