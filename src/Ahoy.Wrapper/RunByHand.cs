using System.Collections;
using System.Runtime.InteropServices;
using Ahoy.Contracts;
using Ahoy.Wrapper.Native;
using Ahoy.Wrapper.Programs;

namespace Ahoy.Wrapper;

/// <summary>
/// The wrapper is the default program of images that name none. When somebody starts such an image without an agent, as in
/// `docker run IMAGE ls -l`, it becomes the program that the arguments name; without arguments it says what it is.
/// </summary>
internal static class RunByHand
{
    private const string Explanation = """
        This image was made by Ahoy and names no program to start by itself.
        Give the program and its arguments, for example:  docker run IMAGE PROGRAM ARGUMENT...
        or run it as a job:                               ahoy submit IMAGE -- PROGRAM ARGUMENT...
        """;

    public static int Run(string[] arguments)
    {
        if (arguments is ["--", .. var rest])
            arguments = rest;
        if (arguments.Length == 0)
        {
            StandardError.WriteLine(Explanation);
            return 2;
        }

        try
        {
            return Become(arguments);
        }
        catch (CannotStartException e)
        {
            StandardError.WriteLine(e.Hint is null ? e.Message : $"{e.Message} {e.Hint}");
            return e.ExitCode;
        }
        catch (AhoyException e)
        {
            StandardError.WriteLine(e.Message);
            return Verdict.OwnFailure;
        }
    }

    private static unsafe int Become(string[] arguments)
    {
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "");
        var file = ExecutableLookup.Find(arguments[0], environment, Environment.CurrentDirectory);
        using var values = new CStrings(arguments, "argument");
        using var variables = new CStrings([.. environment.Select(v => $"{v.Key}={v.Value}")], "environment variable");
        // .NET ignores SIGPIPE, and what is ignored stays ignored after exec.
        _ = Libc.SetSignalHandler(Libc.SigPipe, 0);
        _ = Libc.ExecVe(file, values.Pointer, variables.Pointer);
        throw StartFailure.Explain(arguments[0], file, Marshal.GetLastPInvokeError());
    }
}
