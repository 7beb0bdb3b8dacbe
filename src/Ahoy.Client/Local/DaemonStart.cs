using System.ComponentModel;
using Ahoy.Contracts;

namespace Ahoy.Client.Local;

/// <summary>Starts one of the two daemons and waits until it says that it is ready.</summary>
internal static class DaemonStart
{
    private const int LogLinesShown = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Returns what follows the word "ready" on the daemon's standard output.</summary>
    /// <exception cref="AhoyException">It could not start, ended, or took too long; with the last lines of its log.</exception>
    public static async Task<string> RunAsync(string name, IReadOnlyList<string> arguments, string pidFile, string logFile, CancellationToken cancellationToken)
    {
        var executable = Environment.ProcessPath ?? throw new AhoyException(ErrorCode.Internal, "This process does not know its own executable. Is /proc mounted?");
        var errorFile = Path.ChangeExtension(logFile, ".stderr");
        var before = File.Exists(logFile) ? new FileInfo(logFile).Length : 0;
        int id;
        Stream output;
        try
        {
            id = DaemonSpawn.Start(executable, [.. arguments, "--log-file", logFile], errorFile, out var pipe);
            output = pipe;
        }
        catch (Win32Exception e)
        {
            throw new AhoyException(ErrorCode.Internal, $"The {name} could not be started from {executable}: {e.Message}.", e);
        }

        var process = DaemonProcess.Register(id, pidFile);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Patience);
        using var reader = new StreamReader(output);
        try
        {
            while (await reader.ReadLineAsync(bound.Token) is { } line)
            {
                if (line.StartsWith("ready", StringComparison.Ordinal))
                    return line["ready".Length..].Trim();
            }
        }
        catch (OperationCanceledException)
        {
            await process.StopAsync(name, logFile, CancellationToken.None);
            File.Delete(pidFile);
            cancellationToken.ThrowIfCancellationRequested();
            throw Failed($"The {name} was not ready within {Patience.TotalSeconds:0} s and was stopped.");
        }

        File.Delete(pidFile);
        throw Failed($"The {name} ended while it was starting.");

        AhoyException Failed(string what) =>
            new(ErrorCode.Unavailable, $"{what} {LastWords(errorFile, logFile, before)}");
    }

    private static string LastWords(string errorFile, string logFile, long logFrom)
    {
        var lines = Lines(errorFile, 0).Concat(Lines(logFile, logFrom)).TakeLast(LogLinesShown).ToList();
        return lines.Count == 0 ? $"It wrote nothing to {logFile}." : $"Its last words ({logFile}):\n  {string.Join("\n  ", lines)}";
    }

    private static List<string> Lines(string file, long from)
    {
        if (!File.Exists(file))
            return [];
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = Math.Min(from, stream.Length);
        return [.. new StreamReader(stream).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
