namespace Ahoy.Client;

/// <summary>Where the client keeps things, by the XDG base directory specification.</summary>
public sealed record ClientPaths(string Config, string Cache, string Data)
{
    /// <summary>The folders of this user. Root's local system lives in /var/lib/ahoy, where services keep their state.</summary>
    public static ClientPaths OfUser()
    {
        var home = Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } value ? value : "/";
        var data = Environment.IsPrivilegedProcess ? "/var/lib" : Path.Combine(home, ".local/share");
        return new ClientPaths(
            Folder("XDG_CONFIG_HOME", Path.Combine(home, ".config")),
            Folder("XDG_CACHE_HOME", Path.Combine(home, ".cache")),
            Folder("XDG_DATA_HOME", data));
    }

    // The specification: a value that is not absolute is to be ignored.
    private static string Folder(string variable, string otherwise)
    {
        var value = Environment.GetEnvironmentVariable(variable);
        return Path.Combine(value is { Length: > 0 } && Path.IsPathRooted(value) ? value : otherwise, "ahoy");
    }
}
