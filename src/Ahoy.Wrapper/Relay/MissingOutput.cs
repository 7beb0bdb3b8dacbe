using Ahoy.Contracts.Jobs;

namespace Ahoy.Wrapper.Relay;

/// <summary>Says that an output is missing and what the program left instead, so that a misspelt name is seen at once.</summary>
internal static class MissingOutput
{
    private const int MostNames = 10;

    public static string Describe(string scratch, string output, IReadOnlyList<JobInput> inputs)
    {
        var given = inputs.Select(input => input.Path).ToHashSet();
        var directory = Path.GetDirectoryName(output) ?? "";
        while (directory.Length > 0 && !Directory.Exists(Path.Combine(scratch, directory)))
        {
            directory = Path.GetDirectoryName(directory) ?? "";
        }

        var names = Directory.EnumerateFileSystemEntries(Path.Combine(scratch, directory))
            .Select(entry => Path.GetRelativePath(scratch, entry) + (Directory.Exists(entry) ? "/" : ""))
            .Where(name => !given.Contains(name))
            .Order(StringComparer.Ordinal)
            .Take(MostNames + 1)
            .ToList();
        var where = directory.Length == 0 ? "the scratch directory" : $"\"{directory}\"";
        var instead = names.Count == 0
            ? $"Nothing but the inputs is in {where}."
            : $"In {where} there is: {string.Join(", ", names.Take(MostNames))}{(names.Count > MostNames ? ", …" : "")}.";
        return $"The program did not write its output \"{output}\". {instead}";
    }
}
