using Ahoy.Contracts;
using Ahoy.Contracts.Units;
using Ahoy.Runtimes;
using Tomlyn;
using Tomlyn.Model;

namespace Ahoy.Agent.Configuration;

/// <summary>Loads agent.toml: every key is checked, and all faults are told together.</summary>
internal sealed class AgentConfiguration
{
    private const double DefaultMemoryShare = 0.9;
    private static readonly string[] KnownRuntimes = ["crun", "runc"];

    private readonly TomlTable _table;
    private readonly List<string> _faults = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    private AgentConfiguration(TomlTable table) => _table = table;

    /// <param name="path">The file that the command line names; null: the user's, else the host's, else only defaults.</param>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/> naming each fault.</exception>
    public static AgentOptions Load(string? path)
    {
        path ??= DefaultPaths().FirstOrDefault(File.Exists);
        if (path is null)
            return Parse("", "the defaults");
        if (!File.Exists(path))
            throw new AhoyException(ErrorCode.InvalidRequest, $"There is no configuration file {path}.");
        return Parse(File.ReadAllText(path), path);
    }

    /// <param name="source">Named in the error message.</param>
    internal static AgentOptions Parse(string toml, string source)
    {
        TomlTable table;
        try
        {
            table = TomlSerializer.Deserialize(toml, AgentToml.Default.TomlTable) ?? [];
        }
        catch (TomlException e)
        {
            throw new AhoyException(ErrorCode.InvalidRequest, $"{source} is not TOML: {e.Message}", e);
        }

        return new AgentConfiguration(table).Check(source);
    }

    private AgentOptions Check(string source)
    {
        var memory = HostResources.Memory();
        var options = new AgentOptions
        {
            Name = Text("name", Environment.MachineName, "a name of letters, digits, \"-\" and \".\", such as \"hpc1\"", IsName),
            Cpus = (int)Number("cpus", Environment.ProcessorCount, 1, 4096, "the number of cpus for jobs, such as 8"),
            MemoryBytes = Size("memory", (long)(memory * DefaultMemoryShare)),
            MaxWallTime = Duration("max_wall_time", null, TimeSpan.FromSeconds(1), TimeSpan.MaxValue),
            Labels = Labels(),
            Runtimes = Texts("runtimes", KnownRuntimes, "one or more of \"crun\" and \"runc\"", KnownRuntimes.Contains),
            Network = Text("network", "none", "\"none\" or \"host\"", word => word is "none" or "host") == "host" ? ContainerNetwork.Host : ContainerNetwork.None,
            ContactWait = Duration("contact_wait", TimeSpan.FromSeconds(25), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5))!.Value,
            DiskReserveBytes = Size("disk_reserve", 1L << 30),
            LayerCacheBytes = Size("layer_cache", 20L << 30),
            AllowedUsers = Texts("allowed_users", [], "user names, such as [\"alice\"]", name => name.Length > 0),
            AllowedImages = Texts("allowed_images", [], "name patterns, such as [\"debian-*\"]", name => name.Length > 0),
        };
        foreach (var key in _table.Keys.Where(key => !_known.Contains(key)))
        {
            _faults.Add($"{key} is not a key of agent.toml. The keys are {string.Join(", ", _known.Order(StringComparer.Ordinal))}.");
        }

        return _faults.Count == 0
            ? options
            : throw new AhoyException(ErrorCode.InvalidRequest, $"{source} can't be used:\n  {string.Join("\n  ", _faults)}");
    }

    private static IEnumerable<string> DefaultPaths()
    {
        var home = Environment.GetEnvironmentVariable("HOME");
        if (Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } configuration)
            yield return Path.Combine(configuration, "ahoy", "agent.toml");
        else if (!string.IsNullOrEmpty(home))
            yield return Path.Combine(home, ".config", "ahoy", "agent.toml");
        yield return "/etc/ahoy/agent.toml";
    }

    private static bool IsName(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_');

    private string Text(string key, string fallback, string right, Func<string, bool> valid)
    {
        if (Value(key) is not { } value)
            return fallback;
        if (value is string text && valid(text))
            return text;
        return Fault(key, value, right, fallback);
    }

    private string[] Texts(string key, string[] fallback, string right, Func<string, bool> valid)
    {
        if (Value(key) is not { } value)
            return fallback;
        if (value is TomlArray array && array.All(item => item is string text && valid(text)) && (array.Count > 0 || fallback.Length == 0))
            return [.. array.Cast<string>()];
        return Fault(key, value, right, fallback);
    }

    private long Number(string key, long fallback, long least, long most, string right)
    {
        if (Value(key) is not { } value)
            return fallback;
        return value is long number && number >= least && number <= most ? number : Fault(key, value, right, fallback);
    }

    private long Size(string key, long fallback)
    {
        if (Value(key) is not { } value)
            return fallback;
        const string right = "a size with its unit, in quotes, such as \"8G\"";
        try
        {
            return value is string text ? ByteSize.Parse(text) : Fault(key, value, right, fallback);
        }
        catch (AhoyException)
        {
            return Fault(key, value, right, fallback);
        }
    }

    private TimeSpan? Duration(string key, TimeSpan? fallback, TimeSpan least, TimeSpan most)
    {
        if (Value(key) is not { } value)
            return fallback;
        var right = $"a time in quotes, such as \"12h\" or \"25s\", not below {Durations.Format(least)}"
            + (most == TimeSpan.MaxValue ? "" : $" and not above {Durations.Format(most)}");
        try
        {
            return value is string text && Durations.Parse(text) is var time && time >= least && time <= most ? time : Fault(key, value, right, fallback);
        }
        catch (AhoyException)
        {
            return Fault(key, value, right, fallback);
        }
    }

    private Dictionary<string, string> Labels()
    {
        var none = new Dictionary<string, string>();
        if (Value("labels") is not { } value)
            return none;
        return value is TomlTable table && table.Values.All(label => label is string)
            ? table.ToDictionary(label => label.Key, label => (string)label.Value)
            : Fault("labels", value, "names with a text each, such as { disk = \"ssd\" }", none);
    }

    private object? Value(string key)
    {
        _known.Add(key);
        return _table.TryGetValue(key, out var value) ? value : null;
    }

    private T Fault<T>(string key, object value, string right, T fallback)
    {
        var shown = value switch
        {
            string text => $"\"{text}\"",
            TomlArray array => $"[{string.Join(", ", array)}]",
            TomlTable => "a table",
            bool truth => truth ? "true" : "false",
            _ => value.ToString(),
        };
        _faults.Add($"{key} is {shown}. It must be {right}.");
        return fallback;
    }
}
