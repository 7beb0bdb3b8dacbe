using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Master;

/// <summary>Job requests of the tests, on the base "base".</summary>
internal static class Requests
{
    public const long Megabyte = 1L << 20;
    public const long Gigabyte = 1L << 30;

    public static JobRequest Small { get; } = Sized(1, 64 * Megabyte);

    public static JobRequest Sized(int cpus, long memoryBytes) => new()
    {
        Image = "base",
        Command = ["/bin/true"],
        Resources = new JobResources { Cpus = cpus, MemoryBytes = memoryBytes },
    };

    public static JobRequest WithOutputs(params string[] paths) => Small with { Outputs = [.. paths.Select(path => new JobOutput { Path = path })] };
}
