using Ahoy.Contracts;
using Ahoy.Processes;

namespace Ahoy.Runtimes.Oci;

/// <summary>Removes directories that containers have written to.</summary>
internal static class DirectoryTree
{
    /// <summary>Removes everything below and the directory itself. Missing = done.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.RuntimeFailed"/>.</exception>
    public static async Task RemoveAsync(string directory)
    {
        if (!Directory.Exists(directory))
            return;
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A job can nest directories deeper than any path can name; rm walks by descriptors.
            try
            {
                await ProgramRunner.RunAsync(new ProgramCall { Program = "rm", Arguments = ["-rf", "--one-file-system", "--", directory] }, CancellationToken.None);
            }
            catch (ProgramFailedException failed)
            {
                throw new AhoyException(ErrorCode.RuntimeFailed, $"Directory {directory} can't be removed: {failed.Message}", failed);
            }
        }
    }
}
