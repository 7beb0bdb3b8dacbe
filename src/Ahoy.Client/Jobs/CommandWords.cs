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

    /// <exception cref="UsageException">More than an image's name stands before "--", or a program where its name should.</exception>
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
        var before = words.Length - after;
        if (before > 0 && IsProgram(words[0]) && parsed.CommandResult.Command.Name == "submit")
            throw new UsageException($"{words[0]} is a program, and submit takes the name of an image. For a program of this machine write: ahoy run --detach [options] -- {string.Join(' ', words)}");
        return before switch
        {
            0 => new CommandWords(null, words),
            1 when !IsProgram(words[0]) => new CommandWords(words[0], words[1..]),
            _ => throw new UsageException($"Put -- before the job's command: ahoy {parsed.CommandResult.Command.Name} [options] {Corrected(words, parsed)}"),
        };
    }

    private static string Corrected(string[] words, ParseResult parsed) =>
        IsProgram(words[0]) || parsed.CommandResult.Children.Any(child => child is OptionResult { Implicit: false, Option.Name: "--base" })
            ? $"-- {string.Join(' ', words)}"
            : $"{words[0]} -- {string.Join(' ', words[1..])}";

    // No image's name looks like this.
    private static bool IsProgram(string word) => word.StartsWith('.') || word.StartsWith('/') || word.StartsWith('~');
}
