namespace Ahoy.Wrapper.Native;

/// <summary>The names of signals as signal(7) lists them for x86 and ARM.</summary>
internal static class SignalNames
{
    private static readonly string[] Names =
    [
        "", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
        "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU",
        "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    ];

    public static string Of(int signal) => signal > 0 && signal < Names.Length ? Names[signal] : $"signal {signal}";

    /// <summary>What the signal usually means, for a person who has to find the fault; null when there is nothing to add.</summary>
    public static string? Hint(int signal) => Of(signal) switch
    {
        "SIGSEGV" or "SIGBUS" => "The program accessed memory that is not its own. That is a fault in the program or in one of its libraries.",
        "SIGILL" => "The program used an instruction that this processor does not have. Build it for a more general processor (without -march=native).",
        "SIGABRT" => "The program gave up by itself; its last output should say why.",
        "SIGFPE" => "The program divided by zero or made another arithmetic fault.",
        "SIGKILL" => "Somebody outside the job killed the program, most often the kernel for lack of memory. Ask for more with --memory.",
        "SIGXFSZ" => "The program wrote a file larger than it is allowed to.",
        "SIGSYS" => "The program made a system call that the container does not allow.",
        _ => null,
    };
}
