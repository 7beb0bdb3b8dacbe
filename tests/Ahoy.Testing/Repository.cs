namespace Ahoy.Testing;

/// <summary>The source tree that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The directory of Ahoy.slnx.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Ahoy.slnx")))
                return directory.FullName;
        }

        throw new InvalidOperationException($"No Ahoy.slnx above {AppContext.BaseDirectory}: the tests must run inside the source tree.");
    }
}
