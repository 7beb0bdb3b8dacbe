using Ahoy.Contracts.Access;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Images;
using Ahoy.Master;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ahoy.Testing;

/// <summary>A master in this process, with real HTTPS on a free port and a data directory of its own. Users and agents are made through its API.</summary>
public sealed class TestMaster : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly TimeProvider _time;
    private readonly List<IDisposable> _clients = [];
    private MasterOptions _options;
    private MasterHost? _host;

    private TestMaster(TimeProvider time, Func<MasterOptions, MasterOptions> change)
    {
        _time = time;
        _options = change(new MasterOptions { DataDirectory = _directory.Below("data"), Listen = "127.0.0.1:0", Runtimes = [] });
    }

    public TestClient Manager { get; private set; } = null!;
    public CollectingLog Log { get; } = new();
    public string DataDirectory => _options.DataDirectory;
    public MasterOptions Options => _options;
    public string Url => _host!.Url;

    public static Task<TestMaster> StartAsync() => StartAsync(TimeProvider.System, options => options);

    public static async Task<TestMaster> StartAsync(TimeProvider time, Func<MasterOptions, MasterOptions> change)
    {
        var master = new TestMaster(time, change);
        try
        {
            await master.OpenAsync();
            return master;
        }
        catch
        {
            await master.DisposeAsync();
            throw;
        }
    }

    /// <summary>One of the master's parts.</summary>
    public T Service<T>() where T : notnull => _host!.Services.GetRequiredService<T>();

    /// <summary>Stops it in order and starts it on the same data and port.</summary>
    public async Task RestartAsync()
    {
        var port = new Uri(Url).Port;
        await _host!.DisposeAsync();
        _options = _options with { Listen = $"127.0.0.1:{port}" };
        await OpenAsync();
    }

    /// <summary>Another master on what the disk holds now: what would be left if this one were killed at this moment.</summary>
    public async Task<TestMaster> StartFromCopyAsync()
    {
        var copy = new TestMaster(_time, options => _options with { DataDirectory = options.DataDirectory, Listen = "127.0.0.1:0" });
        foreach (var file in Directory.EnumerateFiles(DataDirectory, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("-shm", StringComparison.Ordinal) && Path.GetFileName(file) != "lock"))
        {
            var target = Path.Combine(copy.DataDirectory, Path.GetRelativePath(DataDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            await using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var to = new FileStream(target, FileMode.Create);
            await from.CopyToAsync(to);
        }

        await copy.OpenAsync();
        return copy;
    }

    /// <summary>Somebody who calls with this token.</summary>
    public TestClient Connect(string? token)
    {
        var client = new TestClient(new Uri(Url), token, AccessToken.TryParse(Manager.Token, out var known) ? known!.CaFingerprint : throw new InvalidOperationException("The manager has no token."));
        _clients.Add(client);
        return client;
    }

    public async Task<TestClient> UserAsync(string name)
    {
        var answer = await Manager.PostAsync<TokenRequest, TokenResponse>(Contracts.Routes.Tokens, new TokenRequest { Kind = AccessToken.User, User = name });
        return Connect(answer.Token);
    }

    /// <summary>An agent that has joined, but has made no contact yet.</summary>
    public async Task<ScriptedAgent> AgentAsync(string name, int cpus, long memoryBytes)
    {
        var join = await Manager.PostAsync<TokenRequest, TokenResponse>(Contracts.Routes.Tokens, new TokenRequest { Kind = AccessToken.Join });
        var answer = await Connect(join.Token).PostAsync<JoinRequest, JoinResponse>(Contracts.Routes.Join, new JoinRequest { Name = name });
        return new ScriptedAgent(answer.Name, Connect(answer.Token), cpus, memoryBytes);
    }

    /// <summary>Registers a small base image; everybody's jobs may name it.</summary>
    public Task<ImageView> AddBaseAsync(string name) => HandmadeImage.Create("ID=test\nVERSION_ID=1\nPRETTY_NAME=\"Test\"\n").RegisterAsync(Manager, name, ImageKind.Base);

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        if (_host is not null)
            await _host.DisposeAsync();
        _directory.Dispose();
    }

    private async Task OpenAsync()
    {
        _host = await MasterHost.StartAsync(_options, _time, logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(Log), CancellationToken.None);
        var token = (await File.ReadAllTextAsync(Path.Combine(DataDirectory, "manager.token"))).Trim();
        if (!AccessToken.TryParse(token, out var parsed))
            throw new InvalidOperationException("manager.token holds no token.");
        Manager = new TestClient(new Uri(Url), token, parsed!.CaFingerprint);
        _clients.Add(Manager);
    }
}
