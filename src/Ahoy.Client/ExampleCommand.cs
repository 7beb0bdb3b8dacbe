using System.CommandLine;

namespace Ahoy.Client;

/// <summary>A command whose help ends with examples, and which knows with what code it exits when Ahoy itself fails.</summary>
internal sealed class ExampleCommand(string name, string description, params string[] examples) : Command(name, description)
{
    public const int QueryFailed = 1;
    public const int JobNotRun = 125;

    /// <summary>Complete lines to type.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>125, as in Docker, where the exit code is otherwise a job's; 1 elsewhere.</summary>
    public int FailureCode { get; init; } = QueryFailed;
}
