using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Ahoy.Processes;

/// <summary>Runs external programs. Everything that Ahoy starts on the host for itself goes through here.</summary>
public static class ProgramRunner
{
    private const int KeptCharacters = 256 * 1024;
    private static readonly string[] SystemDirectories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>The program's full path, or null. Ordinary users often lack /usr/sbin on PATH, so those directories are tried last.</summary>
    public static string? Find(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
            return IsExecutable(name) ? name : null;
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(SystemDirectories)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(IsExecutable);
    }

    /// <summary>Runs a program that has to succeed.</summary>
    /// <exception cref="ProgramFailedException">It could not start, took too long, or its exit code is not 0.</exception>
    public static async Task<ProgramOutput> RunAsync(ProgramCall call, CancellationToken cancellationToken)
    {
        var output = await TryRunAsync(call, cancellationToken);
        if (output.ExitCode == 0)
            return output;
        var said = LastLines(output.Error.Length > 0 ? output.Error : output.Output);
        throw new ProgramFailedException($"{Describe(call)} exited with {output.ExitCode}: {said}", output);
    }

    /// <summary>Runs a program whose exit code is an answer.</summary>
    /// <exception cref="ProgramFailedException">It could not start, or took too long.</exception>
    public static async Task<ProgramOutput> TryRunAsync(ProgramCall call, CancellationToken cancellationToken)
    {
        var path = Find(call.Program)
            ?? throw new ProgramFailedException($"{call.Program} is not installed (looked on PATH and in {string.Join(", ", SystemDirectories)}).", null);
        using var process = new Process { StartInfo = StartInfo(call, path) };
        var output = new Tail();
        var error = new Tail();
        process.OutputDataReceived += (_, line) => output.Add(line.Data, call.OnLine);
        process.ErrorDataReceived += (_, line) => error.Add(line.Data, call.OnLine);
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new ProgramFailedException($"{Describe(call)} could not be started: {e.Message}", null, e);
        }

        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await FeedAsync(process, call.Input);

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(call.Timeout);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new ProgramFailedException($"{Describe(call)} did not end within {call.Timeout.TotalSeconds:0} s and was killed: {LastLines(error.ToString())}", null);
        }

        return new ProgramOutput(process.ExitCode, output.ToString(), error.ToString());
    }

    private static ProcessStartInfo StartInfo(ProgramCall call, string path)
    {
        var info = new ProcessStartInfo(path, call.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = call.WorkingDirectory ?? "",
        };
        foreach (var (name, value) in call.Environment)
        {
            if (value is null)
                info.Environment.Remove(name);
            else
                info.Environment[name] = value;
        }

        return info;
    }

    private static async Task FeedAsync(Process process, string? input)
    {
        try
        {
            if (input is not null)
                await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading its input; its exit code tells the story.
        }
    }

    private static string Describe(ProgramCall call) => string.Join(' ', call.Arguments.Prepend(call.Program));

    private static string LastLines(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? "it printed nothing." : string.Join('\n', lines.TakeLast(20));
    }

    private static bool IsExecutable(string path) =>
        File.Exists(path) && (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;

    private sealed class Tail
    {
        private readonly StringBuilder _text = new();

        public void Add(string? line, Action<string>? onLine)
        {
            if (line is null)
                return;
            lock (_text)
            {
                _text.Append(line).Append('\n');
                if (_text.Length > 2 * KeptCharacters)
                    _text.Remove(0, _text.Length - KeptCharacters);
            }

            onLine?.Invoke(line);
        }

        public override string ToString()
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }
}
