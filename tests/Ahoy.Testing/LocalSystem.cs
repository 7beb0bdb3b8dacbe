using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Processes;

namespace Ahoy.Testing;

/// <summary>
/// `ahoy up` in a place of its own: the published executable with all its directories below a temporary one, as root or as an
/// ordinary user. Disposing brings it down and fails when a process or a mount of it is left.
/// </summary>
public sealed class LocalSystem : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly OrdinaryUser? _user;
    private readonly Dictionary<string, string?> _environment;

    private LocalSystem(OrdinaryUser? user)
    {
        _user = user;
        Executable = Path.Combine(_directory.Path, "bin", "ahoy");
        WorkDirectory = _directory.Below("work");
        string? Place(string name) => _directory.Below(name);
        _environment = new Dictionary<string, string?>
        {
            ["HOME"] = Place("home"),
            ["XDG_CONFIG_HOME"] = Place("config"),
            ["XDG_DATA_HOME"] = Place("data"),
            ["XDG_STATE_HOME"] = Place("state"),
            ["XDG_CACHE_HOME"] = Place("cache"),
            ["XDG_RUNTIME_DIR"] = Place("run"),
            ["PATH"] = $"{Path.GetDirectoryName(Executable)}:/usr/local/bin:/usr/bin:/bin",
            ["NO_COLOR"] = "1",
            ["AHOY_URL"] = null,
            ["AHOY_TOKEN"] = null,
        };
    }

    /// <summary>This system's own copy of the executable, so that its processes can be told from all others.</summary>
    public string Executable { get; }

    /// <summary>Where the commands run.</summary>
    public string WorkDirectory { get; }

    /// <summary>$XDG_DATA_HOME: below it lies everything of master and agent.</summary>
    public string DataDirectory => _directory.Below("data");

    public TempDirectory Directory => _directory;

    /// <summary>Makes the directories; starts nothing yet.</summary>
    /// <param name="asRoot">True: as root, who must be running the tests. False: as an ordinary user.</param>
    /// <param name="cancellationToken">Ends the making of the user.</param>
    public static async Task<LocalSystem> CreateAsync(bool asRoot, CancellationToken cancellationToken)
    {
        var system = new LocalSystem(asRoot ? null : await OrdinaryUser.GetAsync(cancellationToken));
        foreach (var name in new[] { "bin", "work", "home", "config", "data", "state", "cache", "run" })
            System.IO.Directory.CreateDirectory(system._directory.Below(name));
        File.Copy(PublishedAhoy.Path ?? throw new InvalidOperationException(PublishedAhoy.MissingReason), system.Executable);
        File.SetUnixFileMode(system.Executable, (UnixFileMode)0b111_101_101);
        // XDG Base Directory specification 0.8: the runtime directory must be mode 0700.
        File.SetUnixFileMode(system._directory.Below("run"), (UnixFileMode)0b111_000_000);
        await system.GiveToUserAsync(system._directory.Path, cancellationToken);
        return system;
    }

    /// <summary>Runs `ahoy ARGUMENTS` in the work directory; its exit code is an answer.</summary>
    public Task<ProgramOutput> TryAsync(params string[] arguments) => TryInAsync(WorkDirectory, new Dictionary<string, string?>(), arguments);

    /// <summary>As <see cref="TryAsync"/>, in another directory and with more environment variables.</summary>
    public Task<ProgramOutput> TryInAsync(string directory, IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        var all = new Dictionary<string, string?>(_environment);
        foreach (var (name, value) in environment)
            all[name] = value;
        return AsUserAsync(new ProgramCall { Program = Executable, Arguments = arguments, WorkingDirectory = directory, Environment = all });
    }

    /// <summary>Runs a shell script as the system's user, in the work directory, with `ahoy` on PATH; it stops at the first command that fails.</summary>
    public Task<ProgramOutput> ShellAsync(string script) =>
        AsUserAsync(new ProgramCall { Program = "/bin/bash", Arguments = ["-euo", "pipefail", "-c", script], WorkingDirectory = WorkDirectory, Environment = _environment });

    /// <summary>Runs `ahoy ARGUMENTS`, which must succeed, and returns its standard output.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var output = await TryAsync(arguments);
        return output.ExitCode == 0
            ? output.Output
            : throw new InvalidOperationException($"ahoy {string.Join(' ', arguments)} exited with {output.ExitCode}:\n{output.Error}{output.Output}\n{DaemonLogs()}");
    }

    /// <summary>`ahoy show`, as the view that the master sent.</summary>
    public async Task<JobView> ShowAsync(string job) =>
        JsonSerializer.Deserialize(await RunAsync("show", job, "--format", "json"), AhoyJson.Default.JobView)
            ?? throw new InvalidOperationException($"ahoy show {job} --format json printed null.");

    /// <summary>The login that `ahoy up` left for its user: the master's URL and the token.</summary>
    public (string Url, string Token) Login()
    {
        using var credentials = JsonDocument.Parse(File.ReadAllBytes(_directory.Below("config/ahoy/credentials.json")));
        return (credentials.RootElement.GetProperty("url").GetString()!, credentials.RootElement.GetProperty("token").GetString()!);
    }

    /// <summary>Makes a file in the work directory, owned by the system's user.</summary>
    public async Task<string> WriteAsync(string name, string text)
    {
        var path = _directory.Write(Path.Combine("work", name), text);
        await GiveToUserAsync(path, CancellationToken.None);
        return path;
    }

    public Task GiveToUserAsync(string path, CancellationToken cancellationToken) =>
        _user is null || !Environment.IsPrivilegedProcess
            ? Task.CompletedTask
            : ProgramRunner.RunAsync(new ProgramCall { Program = "chown", Arguments = ["-R", $"{_user.Uid}:{_user.Gid}", path] }, cancellationToken);

    /// <summary>The ends of all log files of master and agent, for failure messages.</summary>
    public string DaemonLogs() =>
        string.Join('\n', System.IO.Directory
            .EnumerateFiles(_directory.Path, "*.log", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            .Select(file => $"--- {file}\n{string.Join('\n', File.ReadLines(file).TakeLast(30))}"));

    /// <summary>What of this system still runs or is mounted: one line each. Complete only for root and for the user's own processes.</summary>
    public IReadOnlyList<string> Leftovers() =>
        [.. ProcessTable.Of(_directory.Path).Select(process => $"process {process.Id}: {process.CommandLine}"),
         .. File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(_directory.Path, StringComparison.Ordinal)).Select(line => $"mount {line}")];

    private Task<ProgramOutput> AsUserAsync(ProgramCall call)
    {
        var bounded = call with { Timeout = TimeSpan.FromMinutes(8) };
        return ProgramRunner.TryRunAsync(_user is null ? bounded : _user.As(bounded), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        var down = await TryAsync("down");
        var leftovers = Leftovers();
        var logs = DaemonLogs();
        if (leftovers.Count > 0)
            ProcessTable.Kill(_directory.Path);
        _directory.Dispose();
        if (down.ExitCode != 0)
            throw new InvalidOperationException($"ahoy down exited with {down.ExitCode}: {down.Error}\n{logs}");
        if (leftovers.Count > 0)
            throw new InvalidOperationException($"ahoy down left behind:\n{string.Join('\n', leftovers)}\n{logs}");
    }
}
