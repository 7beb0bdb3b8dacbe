namespace Ahoy.Contracts.Jobs;

/// <summary>What a user asks for. The master checks it once, at submission; afterwards it never changes.</summary>
public sealed record JobRequest
{
    /// <summary>Name of a base or application image on the master.</summary>
    public required string Image { get; init; }

    /// <summary>For people; need not be unique. Given to the program as AHOY_JOB_NAME.</summary>
    public string? Name { get; init; }

    /// <summary>Executable and arguments. The executable is looked up like execvp does: in the scratch directory when it holds a slash, else on PATH.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Its place among jobs that differ in nothing else. Given to the program as AHOY_ARRAY_INDEX; 0 or more.</summary>
    public int? ArrayIndex { get; init; }

    public IReadOnlyList<JobInput> Inputs { get; set; } = [];
    public IReadOnlyList<JobOutput> Outputs { get; set; } = [];
    public JobResources Resources { get; set; } = new();
    public IReadOnlyDictionary<string, string> Environment { get; set; } = new Dictionary<string, string>();

    /// <summary>Labels that an agent must have, with exactly these values.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();
}
