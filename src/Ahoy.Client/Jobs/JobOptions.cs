using System.CommandLine;
using Ahoy.Client.Transfers;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Jobs;

/// <summary>The options that say what a job needs; the same for `submit` and `run`.</summary>
internal sealed class JobOptions(ClientContext context)
{
    private readonly Option<string[]> _input = Options.Many("--input", "SRC[:DEST]", "A file or directory that the job gets. DEST: where in its working directory; by default as it lies in yours.");
    private readonly Option<string[]> _output = Options.Many("--output", "PATH", "A file that the program writes, relative to its working directory. Without it the job has failed.");
    private readonly Option<long?> _memory = Options.Size("--memory", "Memory that the job may use, such as 512M or 2G. Default: 1G.");
    private readonly Option<int?> _cpus = Options.Count("--cpus", "processors", "Processors. Default: 1.");
    private readonly Option<TimeSpan?> _time = Options.Duration("--time", "How long the program may run, such as 30m or 1h30m. Default: as long as the site allows.");
    private readonly Option<string[]> _environment = Options.Many("--env", "NAME=VALUE", "An environment variable of the program.");
    private readonly Option<string[]> _label = Options.Many("--label", "NAME=VALUE", "A label that the agent must have.");
    private readonly Option<string?> _name = Options.Text("--name", "NAME", "A name for people; AHOY_JOB_NAME in the program.");

    public void AddTo(Command command)
    {
        command.Add(_input);
        command.Add(_output);
        command.Add(_memory);
        command.Add(_cpus);
        command.Add(_time);
        command.Add(_environment);
        command.Add(_label);
        command.Add(_name);
    }

    /// <summary>The files that the user named with --input.</summary>
    /// <exception cref="AhoyException">One does not exist or can't travel.</exception>
    public InputFiles Inputs(ParseResult parsed)
    {
        var files = new InputFiles(context.WorkingDirectory);
        foreach (var argument in parsed.GetValue(_input) ?? [])
        {
            files.AddArgument(argument);
        }

        foreach (var empty in files.EmptyDirectories)
        {
            context.Terminal.Note($"ahoy: warning: the input directory {empty} is empty. Only files travel: the job does not get it.");
        }

        return files;
    }

    /// <summary>The request, still without its inputs.</summary>
    /// <exception cref="AhoyException">An option's value is not usable.</exception>
    public JobRequest Request(ParseResult parsed, string image, IReadOnlyList<string> command)
    {
        if (parsed.GetValue(_time) is { } time && time < TimeSpan.FromSeconds(1))
            throw new UsageException("--time: a job needs a second at least.");
        return new JobRequest
        {
            Image = image,
            Name = parsed.GetValue(_name),
            Command = command,
            Outputs = [.. OutputPaths(parsed).Select(path => new JobOutput { Path = path })],
            Resources = new JobResources
            {
                Cpus = parsed.GetValue(_cpus) ?? 1,
                MemoryBytes = parsed.GetValue(_memory) ?? JobResources.DefaultMemoryBytes,
                WallTimeSeconds = parsed.GetValue(_time) is { } limit ? (long)limit.TotalSeconds : null,
            },
            Environment = Options.Pairs("--env", parsed.GetValue(_environment) ?? []),
            Labels = Options.Pairs("--label", parsed.GetValue(_label) ?? []),
        };
    }

    private IEnumerable<string> OutputPaths(ParseResult parsed) => (parsed.GetValue(_output) ?? []).Select(OutputPath).Distinct();

    // Refused here, and not after hours when the wrapper finds no file of that name.
    private string OutputPath(string text)
    {
        var path = text.StartsWith("./", StringComparison.Ordinal) ? text[2..] : text;
        if (path.AsSpan().ContainsAny('*', '?'))
            throw new UsageException($"--output {text}: patterns are not supported. Name each file that the program writes, or let it put them into one archive.");
        if (path.EndsWith('/') || Directory.Exists(Path.Combine(context.WorkingDirectory, path)))
            throw new UsageException($"--output {text}: that is a directory, and outputs are files. Name each file ({path.TrimEnd('/')}/…) that the program writes, or let it put them into one archive.");
        return RelativePaths.Check(path, "output");
    }
}
