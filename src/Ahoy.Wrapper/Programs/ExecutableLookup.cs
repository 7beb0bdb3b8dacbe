using System.Runtime.InteropServices;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>Finds the file that a command's first word names, as execvp(3) does, but with the job's PATH and the job's working directory.</summary>
internal static class ExecutableLookup
{
    /// <summary>Docker's default, for jobs whose image and request set no PATH.</summary>
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The absolute path of the program's file.</summary>
    /// <exception cref="CannotStartException">There is none (127), or it is none that can be executed (126).</exception>
    public static string Find(string command, IReadOnlyDictionary<string, string> environment, string workingDirectory)
    {
        if (command.Length == 0)
            throw new CannotStartException(CannotStartException.NotFound, "The command's first word is empty: there is no program to start.", null);
        if (command.Contains('/', StringComparison.Ordinal))
            return CheckExecutable(command, Path.Combine(workingDirectory, command));

        var path = environment.TryGetValue("PATH", out var set) ? set : DefaultPath;
        string? notExecutable = null;
        foreach (var directory in path.Split(':'))
        {
            var candidate = Path.Combine(workingDirectory, directory, command);
            if (!StatX.TryRead(candidate, follow: true, out var found) || !found.IsRegular)
                continue;
            if (Libc.Access(candidate, Libc.AccessExecute) == 0)
                return candidate;
            notExecutable ??= candidate;
        }

        if (notExecutable is not null)
            throw NotExecutable(command, notExecutable);
        throw NotInPath(command, path, workingDirectory);
    }

    private static string CheckExecutable(string command, string file)
    {
        if (!StatX.TryRead(file, follow: true, out var found))
        {
            var reason = Marshal.GetLastPInvokeErrorMessage();
            throw new CannotStartException(
                CannotStartException.NotFound,
                $"The program \"{command}\" could not be started: {file}: {reason}.",
                "Add the program to the image (--add) or give it as an input, and check its path in the command. Relative paths start in the scratch directory.");
        }

        if (found.IsDirectory)
            throw new CannotStartException(CannotStartException.NotExecutable, $"The program \"{command}\" could not be started: {file} is a directory.", "Name the program's file.");
        if (!found.IsRegular || Libc.Access(file, Libc.AccessExecute) != 0)
            throw NotExecutable(command, file);
        return file;
    }

    private static CannotStartException NotExecutable(string command, string file) => new(
        CannotStartException.NotExecutable,
        $"The program \"{command}\" could not be started: {file} is not executable for the job's user.",
        "Set its execute permission (chmod +x) before you add or submit it, or start it through its interpreter.");

    private static CannotStartException NotInPath(string command, string path, string workingDirectory)
    {
        var inScratch = StatX.TryRead(Path.Combine(workingDirectory, command), follow: true, out var there) && there.IsRegular;
        return new CannotStartException(
            CannotStartException.NotFound,
            $"The program \"{command}\" could not be started: it is in none of the directories of PATH ({path}).",
            inScratch
                ? $"A file of that name is in the working directory, which is not on PATH: write ./{command}."
                : "Add the program to the image (--add, or --package for a package that holds it), or write its path.");
    }
}
