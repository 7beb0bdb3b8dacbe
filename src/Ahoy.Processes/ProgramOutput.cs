namespace Ahoy.Processes;

/// <summary>What a program that ended by itself left behind. Of very long output only the last part is kept.</summary>
public sealed record ProgramOutput(int ExitCode, string Output, string Error);
