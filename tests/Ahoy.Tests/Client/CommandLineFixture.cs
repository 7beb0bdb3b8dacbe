using System.CommandLine;
using System.Text;
using Ahoy.Client;
using Ahoy.Client.Output;

namespace Ahoy.Tests.Client;

/// <summary>Runs command lines as the executable does, with a folder instead of the user's and memory instead of a terminal.</summary>
internal sealed class CommandLineFixture : IDisposable
{
    private readonly MemoryStream _output = new();
    private readonly MemoryStream _error = new();
    private readonly StringWriter _messages = new();

    public CommandLineFixture(FakeMaster? master = null, bool interactive = false)
    {
        if (interactive)
            Environment.SetEnvironmentVariable("TERM", "xterm");
        Directory.CreateDirectory(Work);
        Context = new ClientContext(
            new ClientPaths(Path.Combine(Folder.Path, "config"), Path.Combine(Folder.Path, "cache"), Path.Combine(Folder.Path, "data")),
            new Terminal(_output, _error, () => Input, interactiveOutput: false, interactiveError: interactive) { InputHasData = () => HasInput },
            Work);
        if (master is not null)
            Context.Credentials.Save(master.Credentials);
    }

    public TestFolder Folder { get; } = new();

    public ClientContext Context { get; }

    public bool HasInput { get; set; }

    public TextReader Input { get; set; } = TextReader.Null;

    public string Work => Path.Combine(Folder.Path, "work");

    public string Output => Encoding.UTF8.GetString(_output.ToArray());

    /// <summary>Notes, programs' standard error, and messages of failure.</summary>
    public string Error => Encoding.UTF8.GetString(_error.ToArray()) + _messages;

    public Task<int> RunAsync(params string[] arguments) => RunAsync(TextWriter.Null, arguments);

    public Task<int> RunAsync(TextWriter help, params string[] arguments)
    {
        var root = new RootCommand("Test");
        foreach (var command in ClientCommands.Create(Context))
        {
            root.Add(command);
        }

        return AhoyCommandLine.RunAsync(root, arguments, help, _messages);
    }

    public void Dispose() => Folder.Dispose();
}
