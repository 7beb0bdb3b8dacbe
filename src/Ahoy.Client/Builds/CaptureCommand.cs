using System.CommandLine;
using System.Text.Json;
using Ahoy.Client.Output;
using Ahoy.Contracts.Images;
using Ahoy.Images.Capture;

namespace Ahoy.Client.Builds;

/// <summary>`ahoy capture`: the report alone.</summary>
internal static class CaptureCommand
{
    public static Command Create(ClientContext context)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Programs, or directories of which all programs are meant.", Arity = ArgumentArity.OneOrMore };
        var baseName = Options.Text("--base", "BASE", "The base image on which they are to run. Without it no master is asked, and all that is needed is listed.");
        var format = Options.Format();
        var command = new ExampleCommand("capture", "Reports what programs need to run elsewhere, why, and how each need would be met.", "ahoy capture ./analyse.py", "ahoy capture --base debian-12 bin/");
        command.Add(paths);
        command.Add(baseName);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ImageContents? contents = null;
            if (parsed.GetValue(baseName) is { } name)
            {
                using var api = context.Connect();
                var choice = new BaseChoice(context, api);
                contents = await choice.ContentsAsync(await choice.FindAsync(name, cancellationToken), cancellationToken);
            }

            var report = await NeedsAnalysis.RunAsync(context, parsed.GetRequiredValue(paths), [], contents, [], [], cancellationToken);
            Print(context.Terminal, report, parsed.GetValue(baseName), parsed.GetValue(format));
            return 0;
        });
        return command;
    }

    public static void Print(Terminal terminal, CaptureReport report, string? baseName, OutputFormat format)
    {
        if (format == OutputFormat.Json)
            terminal.WriteLine(JsonSerializer.Serialize(report, CaptureJson.Default.CaptureReport));
        else
            terminal.Write(CaptureReportText.Render(report, baseName));
    }
}
