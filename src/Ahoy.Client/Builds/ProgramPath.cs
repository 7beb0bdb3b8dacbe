using Ahoy.Processes;

namespace Ahoy.Client.Builds;

/// <summary>The program that a command line of the user's would start on this machine.</summary>
internal static class ProgramPath
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The absolute path; null when there is none, or it is not executable: then why, and the code with which a shell would exit (126 or 127).</summary>
    public static string? Find(string word, string workingDirectory, out string fault, out int code)
    {
        (fault, code) = ("", 0);
        if (!word.Contains('/'))
        {
            var found = ProgramRunner.Find(word);
            if (found is null)
                (fault, code) = ($"{word}: there is no such program on PATH. For one in the working directory write ./{word}.", 127);
            return found;
        }

        var path = Path.GetFullPath(word, workingDirectory);
        if (!File.Exists(path))
            (fault, code) = ($"{word}: there is no such file.", 127);
        else if ((File.GetUnixFileMode(path) & AnyExecute) == 0)
            (fault, code) = ($"{word} is not executable. Make it so: chmod +x {word}", 126);
        return code == 0 ? path : null;
    }
}
