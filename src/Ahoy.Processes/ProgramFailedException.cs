namespace Ahoy.Processes;

/// <summary>A program could not be started, failed or took too long. The message holds the command, the reason and what it printed last.</summary>
public sealed class ProgramFailedException(string message, ProgramOutput? output, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Null when the program never ran to its end.</summary>
    public ProgramOutput? Output { get; } = output;
}
