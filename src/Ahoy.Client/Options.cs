using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Ahoy.Client.Jobs;
using Ahoy.Client.Output;
using Ahoy.Contracts;
using Ahoy.Contracts.Units;

namespace Ahoy.Client;

/// <summary>Options that several commands have, and the ways in which values are read.</summary>
internal static class Options
{
    public static Option<OutputFormat> Format() => new("--format")
    {
        Description = "How to print the result: text or json.",
        HelpName = "text|json",
        CustomParser = result => Word(result) switch
        {
            "text" => OutputFormat.Text,
            "json" => OutputFormat.Json,
            var other => Refuse<OutputFormat>(result, $"--format {other}: write text or json."),
        },
    };

    /// <summary>Bytes, from a size with a unit.</summary>
    public static Option<long?> Size(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result => Read<long?>(result, name, text =>
            text.Trim('0', '.').Length > 0 && ByteSize.Parse(text) is > 0 and var bytes ? bytes : throw new UsageException($"\"{text}\" is nothing. Write a size such as 512M or 2G.")),
    };

    /// <summary>A whole number, at least 1.</summary>
    public static Option<int?> Count(string name, string what, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Read<int?>(result, name, text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 ? count : throw new UsageException($"\"{text}\" is not a number of {what}. Write a whole number, at least 1.")),
    };

    public static Option<ArrayRange?> Array() => new("--array")
    {
        Description = "Submit one job per index of the range; the program finds its own in AHOY_ARRAY_INDEX.",
        HelpName = "FIRST-LAST",
        CustomParser = result => Read<ArrayRange?>(result, "--array", text => ArrayRange.Parse(text)),
    };

    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result => Read<TimeSpan?>(result, name, text => Durations.Parse(text)),
    };

    public static Option<string[]> Many(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Arity = ArgumentArity.OneOrMore,
        // "--input a b" would swallow the image's name.
        AllowMultipleArgumentsPerToken = false,
    };

    public static Option<string?> Text(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName };

    /// <summary>"K=V" texts as pairs; the last of several with the same name counts.</summary>
    /// <exception cref="UsageException">One has no "=".</exception>
    public static IReadOnlyDictionary<string, string> Pairs(string option, IEnumerable<string> texts)
    {
        var pairs = new Dictionary<string, string>();
        foreach (var text in texts)
        {
            var equals = text.IndexOf('=');
            if (equals < 1)
                throw new UsageException($"{option} {text}: write NAME=VALUE.");
            pairs[text[..equals]] = text[(equals + 1)..];
        }

        return pairs;
    }

    private static string Word(ArgumentResult result) => result.Tokens.Count > 0 ? result.Tokens[^1].Value : "";

    private static T? Read<T>(ArgumentResult result, string option, Func<string, T> read)
    {
        try
        {
            return read(Word(result));
        }
        catch (AhoyException e)
        {
            return Refuse<T>(result, $"{option}: {e.Message}");
        }
    }

    private static T? Refuse<T>(ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}
