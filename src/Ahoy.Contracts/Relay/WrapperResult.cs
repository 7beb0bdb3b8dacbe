using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Relay;

/// <summary>What the wrapper found: /ahoy/out/result.json, written under another name and renamed, so that it is whole or absent.</summary>
public sealed record WrapperResult
{
    // Message, hint and last output are some thousand characters each.
    private const long BytesOfTexts = 128 * 1024;
    // Names of the fields, digest, size.
    private const long BytesOfAnOutput = 256;
    // "\uXXXX", as JSON may write a character.
    private const long BytesOfACharacter = 6;

    /// <summary>The largest result of a job with these outputs: as much space is reserved for it, and no more of it is read.</summary>
    public static long MostBytes(IEnumerable<JobOutput> outputs) => MostBytes(outputs.Select(output => output.Path));

    /// <summary>The same for outputs as they were delivered.</summary>
    public static long MostBytes(IEnumerable<OutputFile> outputs) => MostBytes(outputs.Select(output => output.Path));

    private static long MostBytes(IEnumerable<string> paths) => BytesOfTexts + paths.Sum(path => BytesOfAnOutput + (BytesOfACharacter * path.Length));

    /// <summary>COMPLETE, FAILED, SYSTEM_ERROR or CANCELED.</summary>
    public required JobState State { get; init; }
    public int? ExitCode { get; init; }
    /// <summary>Set unless COMPLETE.</summary>
    public JobEnd? End { get; init; }
    public ResourceUse? Use { get; init; }
    public IReadOnlyList<OutputFile> Outputs { get; set; } = []; // not init: see WrapperOrders
    /// <summary>True when another attempt may succeed.</summary>
    public bool Retry { get; init; }
}
