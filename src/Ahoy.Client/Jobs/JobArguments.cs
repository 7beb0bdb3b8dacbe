using System.CommandLine;

namespace Ahoy.Client.Jobs;

/// <summary>The arguments that name jobs.</summary>
internal static class JobArguments
{
    public static Argument<string> One() => new("ID") { Description = "A job's id, or last." };

    public static Argument<string[]> Many() => new("ID")
    {
        Description = "Ids of jobs, ranges (3-7), or last.",
        Arity = ArgumentArity.OneOrMore,
    };
}
