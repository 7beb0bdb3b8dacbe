using System.CommandLine;
using Ahoy.Contracts;
using Ahoy.Master.Retention;
using Ahoy.Runtimes.Namespaces;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Ahoy.Master;

/// <summary>`ahoy master …`.</summary>
public static class MasterCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "Folder for everything that the master keeps (default: ~/.local/share/ahoy/master, as root /var/lib/ahoy/master)." };
        var listen = new Option<string>("--listen") { Description = "ADDRESS:PORT to listen on.", DefaultValueFactory = _ => "127.0.0.1:8443" };
        var name = new Option<string[]>("--name") { Description = "A further host name or address of this master, for its certificate. Repeat for several." };
        var manager = new Option<string>("--manager") { Description = "User who gets the manager's token at the first start.", DefaultValueFactory = _ => Environment.GetEnvironmentVariable("USER") ?? "manager" };
        var config = new Option<string?>("--config") { Description = "Configuration file. Default: ~/.config/ahoy/master.toml, /etc/ahoy/master.toml.", HelpName = "FILE" };
        var logFile = new Option<string?>("--log-file") { Description = "Write the log there instead of standard error." };
        var serve = new Command("serve", "Runs the master until it gets SIGTERM. Example: ahoy master serve --listen 0.0.0.0:8443 --name master.example.org")
        {
            data, listen, name, manager, config, logFile,
        };
        serve.SetAction(async (result, cancellationToken) =>
        {
            var configuration = result.GetValue(config) is { } given ? Path.GetFullPath(given) : null;
            RetentionOptions retention;
            try
            {
                retention = MasterConfiguration.Load(configuration);
            }
            catch (AhoyException e)
            {
                await Console.Error.WriteLineAsync($"ahoy master: {e.Message}");
                return 125;
            }

            var options = new MasterOptions
            {
                Retention = retention,
                DataDirectory = Path.GetFullPath(result.GetValue(data) ?? DefaultDataDirectory()),
                Listen = result.GetValue(listen)!,
                Names = result.GetValue(name) ?? [],
                Manager = result.GetValue(manager)!,
            };
            // Everything is resolved now: inside its namespaces an ordinary user's process looks like root's.
            string[] again =
            [
                "master", "serve", "--data", options.DataDirectory, "--listen", options.Listen, "--manager", options.Manager,
                .. options.Names.SelectMany(other => (string[])["--name", other]),
                .. configuration is null ? [] : (string[])["--config", configuration],
                .. result.GetValue(logFile) is { } file ? (string[])["--log-file", Path.GetFullPath(file)] : [],
            ];
            var noNamespaces = DaemonNamespace.Enter(again, options.ContainerDirectory);
            return await ServeAsync(options, noNamespaces, result.GetValue(logFile), cancellationToken);
        });
        return new Command("master", "Keeps images and jobs, and hands work to agents.") { serve };
    }

    private static async Task<int> ServeAsync(MasterOptions options, string? noNamespaces, string? logFile, CancellationToken cancellationToken)
    {
        if (logFile is not null)
            Console.SetError(new StreamWriter(new FileStream(logFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true });
        if (noNamespaces is not null)
            await Console.Error.WriteLineAsync($"ahoy master: images can't be built here: {noNamespaces}");
        try
        {
            await using var host = await MasterHost.StartAsync(options, TimeProvider.System, Logging, cancellationToken);
            // The one line that who started this master waits for.
            Console.Out.WriteLine($"ready {host.Url}");
            await Console.Out.FlushAsync(cancellationToken);
            await host.WaitForShutdownAsync(cancellationToken);
            return 0;
        }
        catch (AhoyException e)
        {
            await Console.Error.WriteLineAsync($"ahoy master: {e.Message}");
            return 125;
        }
    }

    private static void Logging(ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private static string DefaultDataDirectory()
    {
        if (Environment.IsPrivilegedProcess)
            return "/var/lib/ahoy/master";
        var home = Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } xdg
            ? xdg
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/", ".local/share");
        return Path.Combine(home, "ahoy/master");
    }
}
