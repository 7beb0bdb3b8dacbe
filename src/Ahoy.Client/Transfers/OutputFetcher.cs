using Ahoy.Client.Api;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Client.Transfers;

/// <summary>Brings a job's outputs to this machine: all of them, verified, or none.</summary>
internal sealed class OutputFetcher(MasterApi api, IProgress<TransferProgress> progress)
{
    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode Executable = Plain | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>
    /// Puts the outputs below <paramref name="directory"/>, over files of the same names. Each is written beside its place and moved there
    /// when all have arrived, so that no half-written file is ever seen under an output's name.
    /// </summary>
    /// <returns>The absolute paths.</returns>
    public async Task<IReadOnlyList<string>> FetchAsync(JobView job, string directory, CancellationToken cancellationToken)
    {
        var moves = new List<(string Temporary, string Target)>();
        var total = job.Outputs.Sum(output => output.Size);
        long before = 0;
        try
        {
            foreach (var output in job.Outputs)
            {
                // The names come from the network: they must not lead out of the directory.
                var target = Path.Combine(directory, RelativePaths.Check(output.Path, "output"));
                if (Directory.Exists(target))
                    throw new AhoyException(ErrorCode.Conflict, $"The output {output.Path} can't be written to {target}: that is a directory. Fetch into another directory: `ahoy fetch {job.Id} DIR`.");
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                var temporary = Path.Combine(Path.GetDirectoryName(target)!, $".ahoy-{job.Id}-{Guid.NewGuid():N}.part");
                moves.Add((temporary, target));
                await DownloadAsync(job.Id, output, temporary, bytes => progress.Report(new TransferProgress(before + bytes, total)), cancellationToken);
                before += output.Size;
            }

            foreach (var (temporary, target) in moves)
            {
                File.Move(temporary, target, overwrite: true);
            }

            return [.. moves.Select(move => move.Target)];
        }
        finally
        {
            foreach (var (temporary, _) in moves)
            {
                File.Delete(temporary);
            }
        }
    }

    private async Task DownloadAsync(JobId job, OutputFile output, string temporary, Action<long> received, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.Asynchronous,
            // Less the user's umask, as for any file that a program of theirs would make.
            UnixCreateMode = output.Executable ? Executable : Plain,
        });
        await api.RetryAsync(
            async token =>
            {
                // After a broken connection: on with the first byte that has not come.
                await file.FlushAsync(token);
                file.Position = file.Length;
                if (file.Length < output.Size || output.Size == 0)
                    await api.CopyOutputAsync(job, output.Path, file.Length, new CountingStream(file, received), token);
                return true;
            },
            cancellationToken);

        file.Position = 0;
        if (file.Length != output.Size || await Digest.OfAsync(file, cancellationToken) != output.Digest)
        {
            throw new AhoyException(
                ErrorCode.DigestMismatch,
                $"The output {output.Path} of job {job} did not arrive as it was delivered ({file.Length} bytes, SHA-256 differs from {output.Digest}). Fetch it again: `ahoy fetch {job}`.");
        }
    }
}
