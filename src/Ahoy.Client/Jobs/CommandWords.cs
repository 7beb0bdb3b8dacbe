using System.CommandLine;
using System.CommandLine.Parsing;

namespace Ahoy.Client.Jobs;

/// <summary>The words "[IMAGE] -- CMD ARG…" of a command line.</summary>
internal sealed record CommandWords(string? Image, IReadOnlyList<string> Command)
{
    /// <summary>The argument that takes them. The words after "--" are the job's own, whatever they look like.</summary>
    public static Argument<string[]> Argument(string description) => new("IMAGE -- CMD ARG")
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <exception cref="UsageException">More than an image's name stands before "--".</exception>
    public static CommandWords Of(ParseResult parsed, Argument<string[]> argument)
    {
        var words = parsed.GetValue(argument) ?? [];
        var tokens = parsed.Tokens;
        var dashes = 0;
        while (dashes < tokens.Count && tokens[dashes].Type != TokenType.DoubleDash)
        {
            dashes++;
        }

        var after = dashes == tokens.Count ? 0 : tokens.Count - dashes - 1;
        return (words.Length - after) switch
        {
            0 => new CommandWords(null, words),
            1 => new CommandWords(words[0], words[1..]),
            _ => throw new UsageException($"What is \"{words[1]}\"? Put -- before the job's command: {words[0]} -- {words[1]} …"),
        };
    }
}
