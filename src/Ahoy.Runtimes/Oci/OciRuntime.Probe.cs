using Ahoy.Contracts;
using Ahoy.Processes;
using Ahoy.Runtimes.Namespaces;

namespace Ahoy.Runtimes.Oci;

internal sealed partial class OciRuntime
{
    private const string ProbeLayer = "probe";

    public async Task<RuntimeStatus> ProbeAsync(CancellationToken cancellationToken)
    {
        string version;
        try
        {
            var output = await ProgramRunner.RunAsync(new ProgramCall { Program = ProgramPath(), Arguments = ["--version"] }, cancellationToken);
            // "crun version 1.8.1", "runc version 1.1.5+ds1"
            version = output.Output.Split('\n')[0].Split(' ')[^1];
        }
        catch (Exception e) when (e is AhoyException or ProgramFailedException)
        {
            return Unusable(e.Message, null);
        }

        if (_ids == IdRange.Ordinary)
        {
            DaemonNamespace.NewCommand(out var reason);
            return Unusable(reason.Length > 0 ? reason : "This process is not inside a namespace for containers: an ordinary user's daemon enters one when it starts.", version);
        }

        try
        {
            await RunProbeContainerAsync(cancellationToken);
        }
        catch (AhoyException e)
        {
            return Unusable(e.Message, version);
        }

        return new RuntimeStatus
        {
            Usable = true,
            Reason = IdsInWords(),
            Version = version,
            EnforcesMemory = _cgroups.Value.Limits("memory"),
            EnforcesCpu = _cgroups.Value.Limits("cpu"),
            EnforcesPids = _cgroups.Value.Limits("pids"),
            EnforcementReason = _cgroups.Value.Reason,
            HasIdRange = _ids is IdRange.Range or IdRange.All,
        };
    }

    /// <summary>A whole container as jobs have it: overlay, namespaces, filter, cgroups. Its only layer lies outside the cache.</summary>
    private async Task RunProbeContainerAsync(CancellationToken cancellationToken)
    {
        var program = ProbeProgram.Create() ?? throw new AhoyException(ErrorCode.NotSupported, "Ahoy runs containers on x86-64 and arm64 processors only.");
        Directory.CreateDirectory(_containers, Private);
        var name = $"probe-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}";
        var scratch = Path.Combine(_runtimeState, name + ".files");
        var layer = Path.Combine(scratch, ProbeLayer);
        Directory.CreateDirectory(layer);
        var container = new ContainerHandle(name);
        try
        {
            var executable = Path.Combine(layer, "exit");
            await File.WriteAllBytesAsync(executable, program, cancellationToken);
            File.SetUnixFileMode(executable, Traversable);
            var output = Path.Combine(scratch, "output");
            var spec = new ContainerSpec { Name = name, Image = Digest.Of(program), Command = ["/exit"], OutputFile = output, MemoryBytes = 256 << 20, Cpus = 1 };
            await Task.Run(() => StartAsync(spec, [layer], DateTimeOffset.UnixEpoch, cancellationToken), cancellationToken);
            var exit = await WaitAsync(container, cancellationToken);
            if (exit.ExitCode != 0)
                throw new AhoyException(ErrorCode.RuntimeFailed, $"A trial container of {Name} ended with {exit.ExitCode}: {exit.RuntimeOutput}{await File.ReadAllTextAsync(output, cancellationToken)}");
        }
        finally
        {
            await RemoveAsync(container, CancellationToken.None);
            await DirectoryTree.RemoveAsync(scratch);
        }
    }

    private string IdsInWords() => _ids switch
    {
        IdRange.All => "Runs as root.",
        IdRange.Range => "Runs without root, with a range of subordinate ids.",
        _ => "Runs without root and with a single user id: "
            + (_program.MapsAnyUser ? "" : "runc then runs programs as user 0 without any capability; crun could give them user 1000. ")
            + "images with files of several users can't be unpacked faithfully, and packages can't be installed. "
            + $"An administrator can give a range: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {HostUser.Name()}, and the package uidmap.",
    };

    private static RuntimeStatus Unusable(string reason, string? version) => new() { Usable = false, Reason = reason, Version = version };
}
