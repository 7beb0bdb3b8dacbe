using System.Text;
using Ahoy.Contracts;
using Ahoy.Images.Store;
using Ahoy.Runtimes;

namespace Ahoy.Master.Builds;

/// <summary>The two containers of a build: the package manager on the base, and the verification on the finished image.</summary>
internal sealed class BuildContainers(BlobStore blobs, MasterOptions options) : IDisposable
{
    private const string Executable = "/ahoy/ahoy";
    private const long MaxLogBytes = 64 << 20;
    private const int ExplainedBytes = 32 << 10;

    // Docker's habit of keeping services from starting, and nothing that a package build leaves for the next one only.
    private const string AptScript = """
        set -e
        printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
        apt-get -o APT::Sandbox::User=root -o Acquire::Retries=3 update -q
        apt-get -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install -q -y --no-install-recommends -- "$@"
        rm -f /usr/sbin/policy-rc.d
        """;

    /// <summary>What differs from run to run, or only serves the next installation.</summary>
    private static readonly HashSet<string> NotKept =
    [
        "var/cache/apt", "var/lib/apt/lists", "var/log", "var/cache/ldconfig", "var/cache/debconf", "var/lib/dpkg/status-old",
        "var/lib/dpkg/lock", "var/lib/dpkg/lock-frontend", "var/lib/apt/extended_states.lock", "tmp", "run", "ahoy", "proc", "sys", "dev", "etc/resolv.conf", "etc/hosts", "etc/hostname", "root",
    ];

    private readonly SemaphoreSlim _gate = new(1);
    private IContainerRuntime? _runtime;

    /// <summary>Installs packages on an image and stores what changed as a layer.</summary>
    public async Task<(Digest Digest, long Size)> InstallPackagesAsync(string name, Digest image, IReadOnlyList<string> packages, BuildLog log, CancellationToken cancellationToken)
    {
        var runtime = await RuntimeAsync(cancellationToken);
        await runtime.PrepareImageAsync(image, blobs, cancellationToken);
        var container = await runtime.StartAsync(
            new ContainerSpec
            {
                Name = name,
                Image = image,
                Command = ["/bin/sh", "-c", AptScript, "apt", .. packages],
                Environment = PackageEnvironment(),
                Root = true,
                Network = ContainerNetwork.Host,
                OutputFile = log.Path,
            },
            cancellationToken);
        try
        {
            var exit = await FollowAsync(runtime, container, log, cancellationToken);
            if (exit.ExitCode != 0)
                throw new AhoyException(ErrorCode.BuildFailed, $"apt-get could not install {string.Join(' ', packages)} (exit code {exit.ExitCode}): {Explain(log)}");
            return await StoreChangesAsync(runtime, container, cancellationToken);
        }
        finally
        {
            await runtime.RemoveAsync(container, CancellationToken.None);
        }
    }

    /// <summary>Runs `ahoy verify` in a container of the image. Exit code 0: everything loads; else the output names what does not.</summary>
    public async Task<(int Code, string Output)> VerifyAsync(string name, Digest image, IReadOnlyList<string> programs, CancellationToken cancellationToken)
    {
        var runtime = await RuntimeAsync(cancellationToken);
        await runtime.PrepareImageAsync(image, blobs, cancellationToken);
        var output = Path.Combine(Directory.CreateDirectory(Path.Combine(options.DataDirectory, "tmp")).FullName, name + ".out");
        var container = await runtime.StartAsync(
            new ContainerSpec
            {
                Name = name,
                Image = image,
                Command = [Executable, "verify", .. programs],
                Environment = new Dictionary<string, string> { ["PATH"] = "/app:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
                Mounts = [new ContainerMount { Source = options.Executable ?? Environment.ProcessPath!, Target = Executable, ReadOnly = true }],
                OutputFile = output,
            },
            cancellationToken);
        try
        {
            var exit = await runtime.WaitAsync(container, cancellationToken);
            var said = await File.ReadAllTextAsync(output, cancellationToken);
            return (exit.ExitCode ?? 125, said + exit.RuntimeOutput);
        }
        finally
        {
            await runtime.RemoveAsync(container, CancellationToken.None);
            File.Delete(output);
        }
    }

    public void Dispose() => _gate.Dispose();

    private static async Task<ContainerExit> FollowAsync(IContainerRuntime runtime, ContainerHandle container, BuildLog log, CancellationToken cancellationToken)
    {
        using var tooMuch = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // The container writes into the log's file; followers are told at once when it grows.
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(log.Path)!, Path.GetFileName(log.Path));
        watcher.Changed += (_, _) =>
        {
            log.Signal();
            if (log.Length > MaxLogBytes)
                tooMuch.Cancel();
        };
        watcher.EnableRaisingEvents = true;
        try
        {
            return await runtime.WaitAsync(container, tooMuch.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AhoyException(ErrorCode.BuildFailed, $"The package manager printed more than {MaxLogBytes >> 20} MiB and was ended.");
        }
    }

    private async Task<(Digest Digest, long Size)> StoreChangesAsync(IContainerRuntime runtime, ContainerHandle container, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(options.DataDirectory, "tmp")).FullName, Path.GetRandomFileName());
        await using var layer = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        await runtime.ExportChangesAsync(container, layer, NotKept, cancellationToken);
        layer.Position = 0;
        var digest = await blobs.AddAsync(layer, null, null, cancellationToken);
        return (digest, layer.Length);
    }

    /// <summary>The host's proxies go along, because the package archive is often behind one; nothing else of the master's environment does.</summary>
    private static Dictionary<string, string> PackageEnvironment()
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["DEBIAN_FRONTEND"] = "noninteractive",
            ["HOME"] = "/root",
            ["LC_ALL"] = "C.UTF-8",
        };
        foreach (var name in (string[])["http_proxy", "https_proxy", "no_proxy"])
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
                environment[name] = value;
        }

        return environment;
    }

    private static string Explain(BuildLog log)
    {
        // Only the end: what a container prints may be long, and one line.
        var end = Encoding.UTF8.GetString(log.Read(Math.Max(0, log.Length - ExplainedBytes), ExplainedBytes));
        var lines = end.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var errors = lines.Where(line => line.StartsWith("E: ", StringComparison.Ordinal)).ToList();
        return string.Join('\n', errors.Count > 0 ? errors.TakeLast(5) : lines.TakeLast(10));
    }

    private async Task<IContainerRuntime> RuntimeAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_runtime is not null)
                return _runtime;
            var reasons = new List<string>();
            foreach (var name in options.Runtimes)
            {
                var runtime = ContainerRuntimes.Create(name, options.ContainerDirectory, layerBytes: null);
                var status = await runtime.ProbeAsync(cancellationToken);
                if (status is { Usable: true, HasIdRange: true })
                {
                    // What a master that was killed during a build has left.
                    foreach (var leftover in await runtime.ListAsync(cancellationToken))
                    {
                        await runtime.RemoveAsync(leftover, cancellationToken);
                    }

                    return _runtime = runtime;
                }

                reasons.Add(status.Usable
                    ? $"{name}: this user has no range of subordinate ids, which package builds need (package uidmap, and a line for this user in /etc/subuid and /etc/subgid)"
                    : $"{name}: {status.Reason}");
            }

            throw new AhoyException(ErrorCode.RuntimeFailed, reasons.Count == 0
                ? "This master has no container runtime for builds configured, so it can only add files to images."
                : $"The master's host can't run build containers. {string.Join("; ", reasons)}.");
        }
        finally
        {
            _gate.Release();
        }
    }
}
