using System.CommandLine;
using Ahoy.Client.Api;
using Ahoy.Client.Output;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>`ahoy logs`: what the program wrote, each stream to its own.</summary>
internal static class LogsCommand
{
    public static Command Create(ClientContext context)
    {
        var id = JobArguments.One();
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until the job has ended." };
        var command = new ExampleCommand("logs", "Prints what a job's program wrote: its output to standard output, its errors to standard error.", "ahoy logs -f last", "ahoy logs 42 2>/dev/null");
        command.Add(id);
        command.Add(follow);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = context.Connect();
            var job = await JobSelector.ResolveOneAsync(api, parsed.GetRequiredValue(id), cancellationToken);
            if (parsed.GetValue(follow))
                await new JobWatch(context.Terminal, api, Verbosity.Normal).UntilRunningAsync(await api.GetJobAsync(job, cancellationToken), cancellationToken);
            await CopyAsync(context, api, job, parsed.GetValue(follow), cancellationToken);
            return 0;
        });
        return command;
    }

    public static Task CopyAsync(ClientContext context, MasterApi api, JobId job, bool follow, CancellationToken cancellationToken)
    {
        var told = "";
        return Task.WhenAll(
            api.CopyJobLogAsync(job, LogStream.Stdout, follow, part => context.Terminal.Pass(context.Terminal.Output, part), Tell, cancellationToken),
            api.CopyJobLogAsync(job, LogStream.Stderr, follow, part => context.Terminal.Pass(context.Terminal.Error, part), Tell, cancellationToken));

        // Once, though both streams meet the new attempt.
        void Tell(string attempt)
        {
            if (Interlocked.Exchange(ref told, attempt) != attempt)
                context.Terminal.Note($"ahoy: job {job} runs again, its attempt {attempt}: what stands above is the output of an earlier one.");
        }
    }
}
