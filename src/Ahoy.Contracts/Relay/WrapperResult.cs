using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Relay;

/// <summary>What the wrapper found: /ahoy/out/result.json, written under another name and renamed, so that it is whole or absent.</summary>
public sealed record WrapperResult
{
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
