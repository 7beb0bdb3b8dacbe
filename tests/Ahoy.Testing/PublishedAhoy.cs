namespace Ahoy.Testing;

/// <summary>The static executable that ./build makes.</summary>
public static class PublishedAhoy
{
    /// <summary>What a test says that is skipped for want of it.</summary>
    public const string MissingReason = "the published executable is missing: run ./build, or name it in AHOY_EXECUTABLE.";

    /// <summary>AHOY_EXECUTABLE, else out/ahoy of this repository; null when it does not exist.</summary>
    public static string? Path { get; } = Find();

    private static string? Find()
    {
        var path = Environment.GetEnvironmentVariable("AHOY_EXECUTABLE") ?? System.IO.Path.Combine(Repository.Root, "out", "ahoy");
        return File.Exists(path) ? System.IO.Path.GetFullPath(path) : null;
    }
}
