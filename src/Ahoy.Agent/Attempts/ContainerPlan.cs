using Ahoy.Agent.Configuration;
using Ahoy.Contracts.Relay;
using Ahoy.Images.Oci;
using Ahoy.Runtimes;

namespace Ahoy.Agent.Attempts;

/// <summary>What the container of an attempt sees, and what its wrapper is told.</summary>
internal static class ContainerPlan
{
    /// <summary>Between SIGTERM and SIGKILL for the program.</summary>
    public const int GraceSeconds = 5;

    /// <summary>/app is where the user's own programs are put into application images.</summary>
    private const string DefaultPath = "/app:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <param name="executable">This ahoy executable on the host.</param>
    public static ContainerSpec Spec(Attempt attempt, AgentOptions options, RuntimeStatus runtime, string executable)
    {
        var resources = attempt.Order.Request.Resources;
        return new ContainerSpec
        {
            Name = attempt.ContainerName,
            Image = attempt.Order.Image,
            Command = [WrapperOrders.Executable, "wrapper"],
            WorkingDirectory = WrapperOrders.ScratchDirectory,
            Network = options.Network,
            MemoryBytes = runtime.EnforcesMemory ? resources.MemoryBytes : null,
            SharedMemoryBytes = resources.MemoryBytes,
            Cpus = runtime.EnforcesCpu ? resources.Cpus : null,
            OutputFile = attempt.Paths.ContainerLog,
            Mounts =
            [
                new ContainerMount { Source = executable, Target = WrapperOrders.Executable, ReadOnly = true },
                new ContainerMount { Source = attempt.Paths.OrdersFile, Target = WrapperOrders.OrdersFile, ReadOnly = true },
                new ContainerMount { Source = attempt.Paths.RelayDirectory, Target = Path.GetDirectoryName(WrapperOrders.RelaySocket)!, ReadOnly = true },
                new ContainerMount { Source = attempt.Paths.OutDirectory, Target = WrapperOrders.OutDirectory, Owned = true },
                new ContainerMount { Source = attempt.Paths.ScratchDirectory, Target = WrapperOrders.ScratchDirectory, Owned = true },
            ],
        };
    }

    public static WrapperOrders Orders(Attempt attempt, ImageConfig image, RuntimeStatus runtime, TimeSpan? wallTime, string site)
    {
        var request = attempt.Order.Request;
        return new WrapperOrders
        {
            Command = request.Command,
            Environment = Environment(attempt, image, site),
            Inputs = request.Inputs,
            Outputs = request.Outputs,
            WatchMemoryBytes = runtime.EnforcesMemory ? null : request.Resources.MemoryBytes,
            WatchProcesses = runtime.EnforcesPids ? null : ContainerSpec.UsualPidsLimit,
            WallTimeSeconds = wallTime is { } limit ? (long)limit.TotalSeconds : null,
            GraceSeconds = GraceSeconds,
            MaxLogBytes = Attempt.MaxLogBytes,
        };
    }

    /// <summary>Later ones win: defaults, the image's, the job's, and what Ahoy promises every program.</summary>
    private static Dictionary<string, string> Environment(Attempt attempt, ImageConfig image, string site)
    {
        var request = attempt.Order.Request;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = DefaultPath,
            ["HOME"] = WrapperOrders.ScratchDirectory,
            ["TMPDIR"] = "/tmp",
            ["OMP_NUM_THREADS"] = request.Resources.Cpus.ToString(),
        };
        foreach (var variable in image.Config?.Env ?? [])
        {
            if (variable.Split('=', 2) is [{ Length: > 0 } name, var value])
                variables[name] = value;
        }

        foreach (var (name, value) in request.Environment)
        {
            variables[name] = value;
        }

        variables["AHOY_JOB_ID"] = attempt.Id.Job.ToString();
        variables["AHOY_JOB_NAME"] = request.Name ?? attempt.Id.Job.ToString();
        if (request.ArrayIndex is { } index)
            variables["AHOY_ARRAY_INDEX"] = index.ToString();
        variables["AHOY_ATTEMPT"] = attempt.Id.Number.ToString();
        variables["AHOY_CPUS"] = request.Resources.Cpus.ToString();
        variables["AHOY_MEMORY"] = request.Resources.MemoryBytes.ToString();
        variables["AHOY_SITE"] = site;
        return variables;
    }
}
