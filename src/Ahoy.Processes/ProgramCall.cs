namespace Ahoy.Processes;

/// <summary>An external program to run: never through a shell, arguments as a list.</summary>
public sealed record ProgramCall
{
    /// <summary>A path, or a name that is looked up on PATH and then in the system's administration directories.</summary>
    public required string Program { get; init; }
    public IReadOnlyList<string> Arguments { get; init; } = [];
    public string? WorkingDirectory { get; init; }
    /// <summary>Added to (or, with a null value, removed from) this process's environment.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();
    public string? Input { get; init; }
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);
    /// <summary>Called for each line of standard output and error as it comes, from any thread.</summary>
    public Action<string>? OnLine { get; init; }
}
