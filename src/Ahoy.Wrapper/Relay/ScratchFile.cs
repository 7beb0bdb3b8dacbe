using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Relay;

/// <summary>
/// Finds a declared output in the scratch directory. Follows symbolic links by hand, so that none leads out of it unnoticed.
/// The program and all that it started are dead by then: nothing moves between the look and the use.
/// </summary>
internal static class ScratchFile
{
    private const int MostLinks = 40; // as the kernel: path_resolution(7)

    /// <summary>The real path of a regular file below <paramref name="scratch"/>, and what statx(2) says of it; null when nothing is there.</summary>
    /// <exception cref="TransferException">What is there cannot be an output: a directory, a special file, a link that leads out.</exception>
    public static (string Path, StatX Status)? Find(string scratch, string output)
    {
        var left = new Stack<string>(RelativePaths.Check(output, "output").Split('/').Reverse());
        var real = new List<string>();
        var links = 0;
        var status = default(StatX);
        while (left.TryPop(out var name))
        {
            if (name is "" or ".")
                continue;
            if (name == "..")
            {
                if (real.Count == 0)
                    throw Refused(output, "it is a symbolic link that leads out of the scratch directory");
                real.RemoveAt(real.Count - 1);
                continue;
            }

            var here = Path.Combine([scratch, .. real, name]);
            if (!StatX.TryRead(here, follow: false, out status))
                return null;
            if (!status.IsSymbolicLink)
            {
                real.Add(name);
                continue;
            }

            if (++links > MostLinks)
                throw Refused(output, "it is a symbolic link that leads to itself");
            var target = new FileInfo(here).LinkTarget ?? throw Refused(output, "it is a symbolic link that cannot be read");
            if (target.StartsWith('/'))
            {
                target = Below(scratch, target) ?? throw Refused(output, $"it is a symbolic link to {target}, which is outside of the scratch directory");
                real.Clear();
            }

            foreach (var part in target.Split('/').Reverse())
            {
                left.Push(part);
            }
        }

        var path = Path.Combine([scratch, .. real]);
        if (!StatX.TryRead(path, follow: false, out status))
            return null;
        return status.IsRegular ? (path, status) : throw Refused(output, $"it is a {status.Kind}, and only files can be delivered");
    }

    private static string? Below(string scratch, string target) =>
        target == scratch ? "" : target.StartsWith(scratch + "/", StringComparison.Ordinal) ? target[(scratch.Length + 1)..] : null;

    private static TransferException Refused(string output, string why) =>
        TransferException.Of($"The output \"{output}\" was not delivered", new AhoyException(ErrorCode.InvalidRequest, why + "."));
}
