using System.Diagnostics;
using System.Globalization;
using Ahoy.Contracts;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Runtimes.Oci;

/// <summary>
/// Starts the runtime program for a bundle. A shell of its own waits for it, which enters the cgroups before anything runs there
/// and writes down the exit code, so that it is known even when this daemon was away at the end.
/// </summary>
internal static class Launcher
{
    // $1: container's directory, $2: number of cgroup.procs files, then these, then the command.
    private const string Script =
        """
        d=$1; n=$2; shift 2
        echo $$ >"$d/launcher"
        while [ "$n" -gt 0 ]; do { echo $$ >"$1"; } 2>>"$d/runtime.log" || exit 125; shift; n=$((n-1)); done
        "$@"
        echo $? >"$d/exit"
        """;

    private const int LookForCancelMilliseconds = 100;

    /// <summary>
    /// Returns the container's first process once the runtime program has made it. A cancellation is thrown only then, or when the
    /// runtime program has ended: before, nobody could tell what there is to kill. What was begun is the caller's to remove.
    /// </summary>
    /// <param name="directory">The container's.</param>
    /// <param name="program">The runtime program.</param>
    /// <param name="arguments">Of the program.</param>
    /// <param name="processFiles">The cgroup.procs files to enter.</param>
    /// <param name="outputFile">Gets what the first process prints.</param>
    /// <param name="patience">A runtime program that still hangs this long after the cancellation is killed.</param>
    /// <param name="cancellationToken">Gives the start up.</param>
    /// <exception cref="AhoyException"><see cref="ErrorCode.RuntimeFailed"/>: the runtime program ended without a container.</exception>
    public static ProcessIdentity Start(
        ContainerDirectory directory, string program, IReadOnlyList<string> arguments, IReadOnlyList<string> processFiles, string outputFile, TimeSpan patience, CancellationToken cancellationToken)
    {
        string[] environment =
        [
            $"PATH={Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin"}",
            // Nothing of the login session (credentials, sockets) is the runtime program's business.
            $"XDG_RUNTIME_DIR={directory.Path}",
        ];
        var notify = LibC.NotifyInit(LibC.InCloseOnExec);
        if (notify < 0 || LibC.NotifyAdd(notify, directory.Path, LibC.InCloseWrite | LibC.InMovedTo) < 0)
            throw new AhoyException(ErrorCode.RuntimeFailed, $"Watching {directory.Path} failed: {LibC.LastError()} (sysctl fs.inotify.max_user_instances and max_user_watches limit this).", transient: true);
        try
        {
            var count = processFiles.Count.ToString(CultureInfo.InvariantCulture);
            var launcher = DetachedProcess.Start(
                "/bin/sh", ["-c", Script, "sh", directory.Path, count, .. processFiles, program, .. arguments], environment, outputFile);
            return Await(directory, launcher, notify, program, patience, cancellationToken);
        }
        finally
        {
            _ = LibC.Close(notify);
        }
    }

    /// <summary>Kills the launcher and the runtime program, which are one process group; a container that is made has left it.</summary>
    public static void Kill(ProcessIdentity launcher)
    {
        if (launcher.IsAlive())
            _ = LibC.Kill(-launcher.Id, LibC.SigKill);
    }

    private static unsafe ProcessIdentity Await(ContainerDirectory directory, int launcher, int notify, string program, TimeSpan patience, CancellationToken cancellationToken)
    {
        var identity = ProcessIdentity.Find(launcher);
        var ended = identity is { } alive ? ExitWatch.Shared.WhenChildEndedAsync(alive) : Task.CompletedTask;
        var descriptors = new[] { new LibC.PollDescriptor { Descriptor = notify, Events = LibC.PollIn } };
        var buffer = stackalloc byte[4096];
        var canceledSince = (Stopwatch?)null;
        while (true)
        {
            // In this order: a launcher that has ended has written all that it ever will.
            var over = ended.IsCompleted;
            if (File.Exists(directory.PidFile)
                && int.TryParse(File.ReadAllText(directory.PidFile), CultureInfo.InvariantCulture, out var id))
            {
                cancellationToken.ThrowIfCancellationRequested();
                // A zombie keeps its entry until the runtime program has reaped it; gone already is a very short program.
                return ProcessIdentity.Find(id) ?? new ProcessIdentity(id, 0);
            }

            if (over)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var said = directory.RuntimeOutput();
                throw new AhoyException(ErrorCode.RuntimeFailed, $"{program} could not start container {directory.Name}: {(said.Length > 0 ? said : "it said nothing; see the container's output")}");
            }

            if (cancellationToken.IsCancellationRequested)
            {
                canceledSince ??= Stopwatch.StartNew();
                if (canceledSince.Elapsed > patience && identity is { } hanging)
                    Kill(hanging);
            }

            descriptors[0].Returned = 0;
            if (LibC.Poll(descriptors, 1, LookForCancelMilliseconds) > 0)
                _ = LibC.Read(notify, buffer, 4096);
        }
    }
}
