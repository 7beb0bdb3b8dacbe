using Ahoy.Contracts;

namespace Ahoy.Wrapper.Programs;

/// <summary>The program could not be started: the job's fault, with the exit codes that shells and Docker use.</summary>
internal sealed class CannotStartException(int exitCode, string message, string? hint) : AhoyException(ErrorCode.ProgramFailed, message)
{
    public const int NotExecutable = 126, NotFound = 127;

    public int ExitCode { get; } = exitCode;

    public string? Hint { get; } = hint;
}
