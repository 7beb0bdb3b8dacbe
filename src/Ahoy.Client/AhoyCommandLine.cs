using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Ahoy.Client.Output;
using Ahoy.Contracts;
using Ahoy.Processes;

namespace Ahoy.Client;

/// <summary>Parses and runs one command line, and turns errors and signals into messages and exit codes. The same for all of Ahoy's commands.</summary>
public static class AhoyCommandLine
{
    private const int WrongUsage = 2;
    private const int Signaled = 128;

    // "@file" is a word like any other in a job's command, and "-abc" is not three options.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };

    public static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> arguments)
    {
        await using var output = new StreamWriter(new StandardStream(1)) { AutoFlush = true };
        await using var error = new StreamWriter(new StandardStream(2)) { AutoFlush = true };
        return await RunAsync(root, arguments, output, error);
    }

    internal static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        if (help.Action is HelpAction usual)
        {
            // By itself it asks Console, which sets the terminal up.
            usual.MaxWidth = Console.IsOutputRedirected ? int.MaxValue : TerminalDevice.Width;
            help.Action = new ExampleHelp(usual);
        }

        var parsed = root.Parse(arguments, Parsing);
        if (UnknownOption.Find(parsed, arguments) is { } unknown)
            return ReportUsage(parsed, [unknown], error);
        if (parsed.Action is ParseErrorAction)
            return ReportUsage(parsed, parsed.Errors.Select(fault => fault.Message).Distinct(), error);

        using var stop = new CancellationTokenSource();
        var signal = 0;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, 2));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, 15));
        try
        {
            // Signals are handled above, so that a command has the time that it needs to end well; a second signal ends it at once.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = output, Error = error };
            return await parsed.InvokeAsync(configuration, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Signaled + signal;
        }
        catch (UsageException e)
        {
            return Report(error, e.Message, WrongUsage);
        }
        catch (Exception e) when (e is AhoyException or ProgramFailedException or IOException or UnauthorizedAccessException)
        {
            return Report(error, e.Message, FailureCode(parsed));
        }

        void Stop(PosixSignalContext context, int number)
        {
            // Left to its default action, the second signal kills the process.
            context.Cancel = !stop.IsCancellationRequested;
            signal = number;
            stop.Cancel();
        }
    }

    private static int FailureCode(ParseResult parsed) =>
        parsed.CommandResult.Command is ExampleCommand command ? command.FailureCode : ExampleCommand.QueryFailed;

    private static int Report(TextWriter error, string message, int code)
    {
        error.WriteLine($"ahoy: {PlainText.Lines(message)}");
        return code;
    }

    private static int ReportUsage(ParseResult parsed, IEnumerable<string> messages, TextWriter error)
    {
        foreach (var message in messages)
        {
            error.WriteLine($"ahoy: {message}");
        }

        var path = new List<string>();
        for (var command = parsed.CommandResult; command is not null; command = command.Parent as System.CommandLine.Parsing.CommandResult)
        {
            if (command.Command is not RootCommand)
                path.Insert(0, command.Command.Name);
        }

        error.WriteLine($"Try \"{string.Join(' ', path.Prepend("ahoy").Append("--help"))}\".");
        return WrongUsage;
    }
}
