using System.CommandLine;

namespace Ahoy.Client.Output;

/// <summary>--verbose and --quiet.</summary>
internal sealed class VerbosityOptions
{
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "Print all that a build prints, and every state of a job." };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Print no progress: only results, warnings and failures." };

    public void AddTo(Command command)
    {
        command.Add(_verbose);
        command.Add(_quiet);
    }

    /// <exception cref="UsageException">Both are given.</exception>
    public Verbosity Of(ParseResult parsed) => (parsed.GetValue(_verbose), parsed.GetValue(_quiet)) switch
    {
        (true, true) => throw new UsageException("--verbose and --quiet contradict each other. Leave out one of them."),
        (true, _) => Verbosity.Verbose,
        (_, true) => Verbosity.Quiet,
        _ => Verbosity.Normal,
    };
}
