namespace Ahoy.Images.Capture;

/// <summary>The surroundings in which the user's programs run today; they decide what the programs find.</summary>
public sealed record CaptureEnvironment
{
    /// <summary>Absolute.</summary>
    public required string WorkingDirectory { get; init; }
    /// <summary>The directories of PATH.</summary>
    public required IReadOnlyList<string> SearchPath { get; init; }
    /// <summary>LD_LIBRARY_PATH.</summary>
    public string? LibraryPath { get; init; }
    /// <summary>The user's home directory, where Python's user site lies.</summary>
    public string? Home { get; init; }
    /// <summary>PYENV_VERSION.</summary>
    public string? PyenvVersion { get; init; }

    /// <summary>Those of this process.</summary>
    public static CaptureEnvironment Current() => new()
    {
        WorkingDirectory = Environment.CurrentDirectory,
        SearchPath = [.. (Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").Split(':').Where(path => path.StartsWith('/'))],
        LibraryPath = Environment.GetEnvironmentVariable("LD_LIBRARY_PATH"),
        Home = Environment.GetEnvironmentVariable("HOME"),
        PyenvVersion = Environment.GetEnvironmentVariable("PYENV_VERSION"),
    };
}
