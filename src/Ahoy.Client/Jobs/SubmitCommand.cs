using System.CommandLine;
using Ahoy.Client.Output;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>`ahoy submit`: hands a job to the master and returns at once.</summary>
internal static class SubmitCommand
{
    public static Command Create(ClientContext context)
    {
        var words = CommandWords.Argument("The image's name and, after --, the program and its arguments. Without a program the image's own is started.");
        var job = new JobOptions(context);
        var array = Options.Array();
        var format = Options.Format();
        var command = new ExampleCommand(
            "submit",
            "Submits a job and prints its id.",
            "ahoy submit sunspots --input data.csv --output result.json --memory 1G -- analyse.py data.csv result.json")
        {
            FailureCode = ExampleCommand.JobNotRun,
        };
        // Known, so that it can be answered: who wants this wants run.
        var baseName = new Option<string?>("--base") { Hidden = true };
        command.Add(words);
        command.Add(baseName);
        command.Add(array);
        job.AddTo(command);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(baseName) is { } named)
                throw new UsageException($"submit takes the name of an image, and has no --base. For a program of this machine write: ahoy run --detach --base {named} [options] -- CMD ARG…");
            var (image, program) = CommandWords.Of(parsed, words);
            if (image is null)
                throw new UsageException("Which image? Write: ahoy submit IMAGE -- CMD. `ahoy images` lists them; `ahoy run -- CMD` makes one by itself.");
            var request = job.Request(parsed, image, program);
            var files = job.Inputs(parsed).Files;

            context.WarnOfInput();

            using var api = context.Connect();
            var submission = new Submission(context, api);
            if (parsed.GetValue(array) is { } range)
            {
                var ids = await submission.SubmitArrayAsync(request, range, files, cancellationToken);
                if (parsed.GetValue(format) == OutputFormat.Json)
                    context.Terminal.WriteJson(new JobBatchAnswer { Ids = ids });
                else
                    context.Terminal.WriteLine(ArrayRange.Text(ids));
                return 0;
            }

            var view = await submission.SubmitAsync(request, files, cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(view);
            else
                context.Terminal.WriteLine(view.Id.ToString());
            return 0;
        });
        return command;
    }
}
