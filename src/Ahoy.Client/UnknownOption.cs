using System.CommandLine;

namespace Ahoy.Client;

/// <summary>Finds words that are meant as options and are none: where a command takes any words, the parser would take them for such.</summary>
internal static class UnknownOption
{
    /// <summary>More changed letters than this are another word.</summary>
    private const int MostChanges = 2;

    /// <summary>What to tell the user; null when there is no such word.</summary>
    public static string? Find(ParseResult parsed, IReadOnlyList<string> arguments)
    {
        var options = Known(parsed.CommandResult).ToList();
        var isValue = false;
        foreach (var word in arguments.TakeWhile(word => word != "--"))
        {
            if (isValue || word.Length < 2 || word[0] != '-')
            {
                isValue = false;
                continue;
            }

            var end = word.IndexOfAny(['=', ':']);
            var name = end < 0 ? word : word[..end];
            if (options.Find(option => Names(option).Contains(name)) is not { } option)
                return Message(parsed.CommandResult.Command, name, options);
            isValue = end < 0 && option.ValueType != typeof(bool) && option.Arity.MaximumNumberOfValues > 0;
        }

        return null;
    }

    private static string Message(Command command, string name, IEnumerable<Option> options)
    {
        var nearest = options.Where(option => !option.Hidden).SelectMany(Names).Select(other => (other, Changes: Changes(name, other))).Where(pair => pair.Changes <= MostChanges)
            .OrderBy(pair => pair.Changes).Select(pair => pair.other).FirstOrDefault();
        var message = $"There is no option {name}.{(nearest is null ? "" : $" Did you mean {nearest}?")}";
        return command.Name is "run" or "submit" ? $"{message} Options of the job's program stand behind --: ahoy {command.Name} [options] … -- CMD ARG…" : message;
    }

    private static IEnumerable<Option> Known(System.CommandLine.Parsing.CommandResult result)
    {
        for (System.CommandLine.Parsing.SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is System.CommandLine.Parsing.CommandResult level)
            {
                foreach (var option in level.Command.Options.Where(option => level == result || option.Recursive))
                {
                    yield return option;
                }
            }
        }
    }

    private static IEnumerable<string> Names(Option option) => option.Aliases.Prepend(option.Name);

    /// <summary>Letters to insert, remove or replace (Levenshtein).</summary>
    private static int Changes(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var changed = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
