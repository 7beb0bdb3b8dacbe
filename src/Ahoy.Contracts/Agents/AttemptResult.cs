using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Agents;

/// <summary>How an attempt ended. The state of the report says whose fault it was.</summary>
public sealed record AttemptResult
{
    public int? ExitCode { get; init; }
    /// <summary>Set unless the attempt is COMPLETE.</summary>
    public JobEnd? End { get; init; }
    public ResourceUse? Use { get; init; }
    /// <summary>Outputs whose bytes the master has received through the attempt's upload route.</summary>
    public IReadOnlyList<OutputFile> Outputs { get; set; } = [];
    /// <summary>True when another attempt may succeed (a fault of this host or of a transfer).</summary>
    public bool Retry { get; init; }
}
