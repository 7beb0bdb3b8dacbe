using System.CommandLine;
using Ahoy.Client.Output;

namespace Ahoy.Client.Jobs;

/// <summary>`ahoy show` and `ahoy why`.</summary>
internal static class ShowCommand
{
    public static Command Create(ClientContext context)
    {
        var id = JobArguments.One();
        var format = Options.Format();
        var command = new ExampleCommand("show", "Tells all about a job: where it is, what it used, how it ended and what to change.", "ahoy show last", "ahoy show 42 --format json");
        command.Add(id);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var job = await api.GetJobAsync(await JobSelector.ResolveOneAsync(api, parsed.GetRequiredValue(id), cancellationToken), cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(job);
            else
                context.Terminal.Write(JobText.Describe(job));
            return 0;
        });
        return command;
    }

    public static Command CreateWhy(ClientContext context)
    {
        var id = JobArguments.One();
        var format = Options.Format();
        var command = new ExampleCommand("why", "Says in one line why a job is not running, or why it ended as it did.", "ahoy why last");
        command.Add(id);
        command.Add(format);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var job = await api.GetJobAsync(await JobSelector.ResolveOneAsync(api, parsed.GetRequiredValue(id), cancellationToken), cancellationToken);
            if (parsed.GetValue(format) == OutputFormat.Json)
                context.Terminal.WriteJson(job);
            else
                context.Terminal.WriteLine($"{JobText.Word(job.State)}{(JobText.Reason(job) is { } reason ? ": " + reason : "")}");
            return 0;
        });
        return command;
    }
}
