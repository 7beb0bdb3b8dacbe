using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Capture;

/// <summary>A folder in which C programs are compiled.</summary>
public sealed class CompiledPrograms : IDisposable
{
    public CompiledPrograms()
    {
        const string Reason = "gcc is not installed (apt install gcc libc6-dev)";
        Require.That(ProgramRunner.Find("gcc") is not null, Reason);
        Assert.SkipUnless(ProgramRunner.Find("gcc") is not null, Reason);
    }

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("ahoy.").FullName;

    public string Path(string name) => $"{Directory}/{name}";

    /// <param name="output">Relative path of the program or library.</param>
    /// <param name="source">C source.</param>
    /// <param name="arguments">Further arguments of gcc; "DIR" in them stands for the folder.</param>
    public async Task<string> CompileAsync(string output, string source, params string[] arguments)
    {
        System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(output))!);
        await File.WriteAllTextAsync(Path(output) + ".c", source, TestContext.Current.CancellationToken);
        await ProgramRunner.RunAsync(
            new ProgramCall { Program = "gcc", Arguments = ["-o", Path(output), Path(output) + ".c", .. arguments.Select(argument => argument.Replace("DIR", Directory, StringComparison.Ordinal))], WorkingDirectory = Directory },
            TestContext.Current.CancellationToken);
        File.Delete(Path(output) + ".c");
        return Path(output);
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
