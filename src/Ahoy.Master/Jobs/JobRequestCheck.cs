using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Units;

namespace Ahoy.Master.Jobs;

/// <summary>What must hold of a request whoever sends it. Everything that can be told from the request alone is told here.</summary>
internal static class JobRequestCheck
{
    private const long LongestWallTimeSeconds = 3650L * 86400;
    private const int MaxFiles = 100_000;
    // An end is told in one call, of at most 32 MiB: path, digest, size of each output, and some more.
    private const long MaxReportBytes = 28 << 20;
    private const long BytesOfAnOutput = 160;
    private const int MaxTextBytes = 1 << 20;

    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/>.</exception>
    public static void Check(JobRequest request)
    {
        // JSON's null passes the reader inside lists, and, when it reads from a stream, for properties with a default.
        if (request is null || request.Inputs is null || request.Outputs is null || request.Resources is null || request.Environment is null || request.Labels is null
            || request.Command.Any(text => text is null) || request.Inputs.Any(input => input is null) || request.Outputs.Any(output => output is null)
            || request.Environment.Values.Any(value => value is null) || request.Labels.Values.Any(value => value is null))
            throw Invalid("The job holds null where a value must be.");
        if (request.Command.Count == 0 || request.Command[0].Length == 0)
            throw Invalid("The job names no command. Name the executable and its arguments after \"--\".");
        if (request.ArrayIndex < 0)
            throw Invalid($"The array index {request.ArrayIndex} is negative.");
        CheckTexts(request);
        CheckResources(request.Resources);
        if (request.Inputs.Count > MaxFiles || request.Outputs.Count > MaxFiles)
            throw Invalid($"A job can name at most {MaxFiles} inputs and outputs each. Put them into an archive.");

        var places = new HashSet<string>(StringComparer.Ordinal);
        foreach (var input in request.Inputs)
        {
            RelativePaths.Check(input.Path, "input");
            if (input.Size < 0)
                throw Invalid($"The input {input.Path} has a negative size.");
            if (!places.Add(input.Path))
                throw Invalid($"The input path {input.Path} is named twice. Each input needs a place of its own.");
        }

        foreach (var input in request.Inputs)
        {
            for (var slash = input.Path.LastIndexOf('/'); slash > 0; slash = input.Path.LastIndexOf('/', slash - 1))
            {
                if (places.Contains(input.Path[..slash]))
                    throw Invalid($"The input {input.Path} lies below {input.Path[..slash]}, which is an input and a file.");
            }
        }

        var reported = request.Outputs.Sum(output => BytesOfAnOutput + (output.Path is null ? 0L : JsonEncodedText.Encode(output.Path).EncodedUtf8Bytes.Length));
        if (reported > MaxReportBytes)
            throw Invalid($"The {request.Outputs.Count} outputs' names are too long to be reported ({ByteSize.Format(reported)}; at most {ByteSize.Format(MaxReportBytes)}). Put them into an archive.");
        var outputs = new HashSet<string>(StringComparer.Ordinal);
        foreach (var output in request.Outputs)
        {
            RelativePaths.Check(output.Path, "output");
            if (!outputs.Add(output.Path))
                throw Invalid($"The output path {output.Path} is named twice.");
        }
    }

    private static void CheckResources(JobResources resources)
    {
        if (resources.Cpus < 1)
            throw Invalid($"A job needs at least 1 cpu, not {resources.Cpus}.");
        // The wrapper itself lives inside the job's memory.
        if (resources.MemoryBytes < 16L << 20)
            throw Invalid($"A job needs at least 16M of memory, not {ByteSize.Format(resources.MemoryBytes)}.");
        if (resources.WallTimeSeconds is <= 0)
            throw Invalid("The wall time must be longer than 0 seconds.");
        if (resources.WallTimeSeconds > LongestWallTimeSeconds)
            throw Invalid("The wall time is longer than ten years.");
    }

    private static void CheckTexts(JobRequest request)
    {
        var total = 0L;
        foreach (var text in request.Command.Concat(request.Environment.Values).Concat(request.Environment.Keys).Concat(request.Labels.Keys).Concat(request.Labels.Values).Append(request.Name ?? ""))
        {
            total += text.Length;
            if (text.Contains('\0', StringComparison.Ordinal))
                throw Invalid("Commands, names, labels and environment can't hold the character NUL.");
        }

        if (total > MaxTextBytes)
            throw Invalid($"Command and environment together have {total} characters; at most {MaxTextBytes} can be passed. Use an input file.");
        foreach (var name in request.Environment.Keys)
        {
            if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal))
                throw Invalid($"\"{name}\" is not a name of an environment variable.");
            if (name.StartsWith("AHOY_", StringComparison.Ordinal))
                throw Invalid($"The environment variable {name} can't be set: names that begin with AHOY_ are Ahoy's own.");
        }

        foreach (var (name, value) in request.Labels)
        {
            if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || name.Contains('\n', StringComparison.Ordinal) || value.Contains('\n', StringComparison.Ordinal))
                throw Invalid($"\"{name}\" is not usable as a label. Write NAME=VALUE on one line.");
        }
    }

    private static AhoyException Invalid(string message) => new(ErrorCode.InvalidRequest, message);
}
