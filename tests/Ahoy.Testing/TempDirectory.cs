using Ahoy.Processes;

namespace Ahoy.Testing;

/// <summary>A directory of a test, /tmp/ahoy.XXXXXX, that is gone afterwards, whoever owns the files in it.</summary>
public sealed class TempDirectory : IDisposable
{
    public TempDirectory()
    {
        Path = Directory.CreateTempSubdirectory("ahoy.").FullName;
        // Users other than the one who runs the tests have to reach what is below.
        File.SetUnixFileMode(Path, (UnixFileMode)0b111_101_101);
    }

    public string Path { get; }

    /// <summary>The path of something below.</summary>
    public string Below(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes a file below and returns its path.</summary>
    public string Write(string name, string text)
    {
        var path = Below(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (UnauthorizedAccessException)
        {
            // Files of subordinate ids belong to this user only inside a user namespace; overlayfs leaves directories of mode 000.
            var call = new ProgramCall { Program = "unshare", Arguments = ["--map-root-user", "--map-auto", "rm", "-rf", Path] };
            ProgramRunner.RunAsync(call, CancellationToken.None).GetAwaiter().GetResult();
        }
    }
}
