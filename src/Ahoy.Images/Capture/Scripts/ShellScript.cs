namespace Ahoy.Images.Capture.Scripts;

/// <summary>What a shell script calls.</summary>
/// <param name="Commands">In the order of the script: programs, functions, files that are sourced, and commands whose name is computed; no builtins.</param>
/// <param name="Functions">Names of the functions that it defines.</param>
public sealed record ShellScript(IReadOnlyList<ShellCommand> Commands, IReadOnlySet<string> Functions);
