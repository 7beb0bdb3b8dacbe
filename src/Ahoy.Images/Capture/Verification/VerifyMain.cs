namespace Ahoy.Images.Capture.Verification;

/// <summary>`ahoy verify PATH…`: run by the build inside the finished container.</summary>
public static class VerifyMain
{
    /// <summary>Prints the faults on standard output, one a line.</summary>
    /// <returns>0 when there is none, 1 when there are faults, 2 when no absolute path was given.</returns>
    public static int Run(string[] paths)
    {
        if (paths.Length == 0 || Array.Exists(paths, path => !path.StartsWith('/')))
        {
            Console.Error.WriteLine("Usage: ahoy verify PATH…   (absolute paths of programs in this root)");
            return 2;
        }

        var faults = RootVerification.VerifyAsync("/", paths, CancellationToken.None).GetAwaiter().GetResult();
        foreach (var fault in faults)
        {
            Console.WriteLine(fault);
        }

        return faults.Count == 0 ? 0 : 1;
    }
}
