using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Wrapper.Programs;

/// <summary>How the program ended and what it used.</summary>
internal sealed record ProgramEnd
{
    /// <summary>Its exit code, unless a signal ended it.</summary>
    public int? ExitCode { get; init; }
    public int? Signal { get; init; }
    /// <summary>The limit for which the wrapper ended it.</summary>
    public EndCause? LimitExceeded { get; init; }
    /// <summary>True when the wrapper killed it because it had more processes than the orders allow.</summary>
    public bool TooManyProcesses { get; init; }
    public required ResourceUse Use { get; init; }
    /// <summary>The last lines of standard error, or of standard output when there was no error output.</summary>
    public string? LastOutput { get; init; }
    /// <summary>Set when the program's output could not be kept completely.</summary>
    public AhoyException? OutputLost { get; init; }

    /// <summary>The scratch directory's disk had nothing left when it ended.</summary>
    public bool DiskFull { get; init; }

    /// <summary>The code as a shell gives it: 128 and the signal's number for a signal.</summary>
    public int ShellCode => ExitCode ?? (128 + (Signal ?? 0));
}
