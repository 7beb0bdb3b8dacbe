using Ahoy.Contracts;
using Ahoy.Contracts.Units;
using Ahoy.Images.Store;
using Ahoy.Master.Retention;
using Tomlyn;
using Tomlyn.Model;

namespace Ahoy.Master;

/// <summary>Loads master.toml: every key is checked, and all faults are told together.</summary>
internal static class MasterConfiguration
{
    private const string Never = "off";
    private static readonly string[] Keys = ["results", "unused", "uploads"];

    /// <param name="path">The file that the command line names; null: the user's, else the host's, else only defaults.</param>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/> naming each fault.</exception>
    public static RetentionOptions Load(string? path)
    {
        path ??= DefaultPaths().FirstOrDefault(File.Exists);
        if (path is null)
            return new RetentionOptions();
        if (!File.Exists(path))
            throw new AhoyException(ErrorCode.InvalidRequest, $"There is no configuration file {path}.");
        return Parse(File.ReadAllText(path), path);
    }

    /// <param name="toml">The file's text.</param>
    /// <param name="source">Named in the error message.</param>
    internal static RetentionOptions Parse(string toml, string source)
    {
        TomlTable table;
        try
        {
            table = TomlSerializer.Deserialize(toml, MasterToml.Default.TomlTable) ?? [];
        }
        catch (TomlException e)
        {
            throw new AhoyException(ErrorCode.InvalidRequest, $"{source} is not TOML: {e.Message}", e);
        }

        var faults = new List<string>();
        foreach (var key in table.Keys.Where(key => key != "retention"))
            faults.Add($"{key} is not a table of master.toml. There is [retention].");
        var retention = table.TryGetValue("retention", out var value) ? value as TomlTable : [];
        if (retention is null)
        {
            faults.Add("retention is not a table. Write [retention] and its keys below.");
            retention = [];
        }

        foreach (var key in retention.Keys.Except(Keys))
            faults.Add($"{key} is not a key of [retention]. The keys are {string.Join(", ", Keys)}.");
        var defaults = new RetentionOptions();
        var options = new RetentionOptions
        {
            Results = retention.TryGetValue("results", out var results) && results is Never ? null : Age("results", defaults.Results, $" or \"{Never}\""),
            Unused = Age("unused", defaults.Unused, "")!.Value,
            Uploads = Age("uploads", defaults.Uploads, "")!.Value,
        };
        return faults.Count == 0 ? options : throw new AhoyException(ErrorCode.InvalidRequest, $"{source} can't be used:\n  {string.Join("\n  ", faults)}");

        TimeSpan? Age(string key, TimeSpan? fallback, string orElse)
        {
            // What a client was just told to be there must not be gone before it is used.
            var shortest = BlobStore.TouchInterval * 2;
            if (!retention.TryGetValue(key, out var given))
                return fallback;
            try
            {
                if (given is string text && Durations.Parse(text) is var age && age >= shortest)
                    return age;
            }
            catch (AhoyException)
            {
                // Told below, with what would be right.
            }

            faults.Add($"{key} is {(given is string ? $"\"{given}\"" : given)}. It must be a time in quotes, such as \"30d\", not below {Durations.Format(shortest)}{orElse}.");
            return fallback;
        }
    }

    private static IEnumerable<string> DefaultPaths()
    {
        var home = Environment.GetEnvironmentVariable("HOME");
        if (Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } configuration)
            yield return Path.Combine(configuration, "ahoy", "master.toml");
        else if (!string.IsNullOrEmpty(home))
            yield return Path.Combine(home, ".config", "ahoy", "master.toml");
        yield return "/etc/ahoy/master.toml";
    }
}
