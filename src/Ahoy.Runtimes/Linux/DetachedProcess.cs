using System.Runtime.InteropServices;
using Ahoy.Contracts;

namespace Ahoy.Runtimes.Linux;

/// <summary>Starts a program that outlives this process: own session, output to a file, no inherited signal settings.</summary>
internal static unsafe class DetachedProcess
{
    // glibc's types are 80, 336 and 128 bytes; they are opaque and may grow.
    private const int OpaqueBytes = 1024;
    private const short SetDefaultSignals = 0x04, SetBlockedSignals = 0x08, SetSession = 0x80;

    /// <summary>
    /// Starts <paramref name="program"/> with standard input from /dev/null and standard output and error appended to <paramref name="outputFile"/>.
    /// System.Diagnostics.Process is of no use here: it gives the child pipes that break when this process ends.
    /// </summary>
    /// <returns>The process's id. It is a child: <see cref="ExitWatch.WhenChildEndedAsync"/> reaps it.</returns>
    /// <exception cref="AhoyException"><see cref="ErrorCode.RuntimeFailed"/>.</exception>
    public static int Start(string program, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, string outputFile)
    {
        var actions = stackalloc byte[OpaqueBytes];
        var attributes = stackalloc byte[OpaqueBytes];
        var signals = stackalloc byte[OpaqueBytes];
        var path = (byte*)Marshal.StringToCoTaskMemUTF8(program);
        using var argv = new NativeStrings([program, .. arguments]);
        using var envp = new NativeStrings(environment);
        Require(LibC.SpawnActionsInit(actions), program);
        Require(LibC.SpawnAttributesInit(attributes), program);
        try
        {
            Require(LibC.SpawnActionsOpen(actions, 0, "/dev/null", LibC.OpenReadOnly, 0), program);
            Require(LibC.SpawnActionsOpen(actions, 1, outputFile, LibC.OpenWriteOnly | LibC.OpenCreate | LibC.OpenAppend, 0x180 /* 0600 */), program);
            Require(LibC.SpawnActionsDuplicate(actions, 1, 2), program);
            // .NET ignores SIGPIPE; a job's programs must not inherit that.
            _ = LibC.FillSignals(signals);
            Require(LibC.SpawnAttributesDefaultSignals(attributes, signals), program);
            _ = LibC.EmptySignals(signals);
            Require(LibC.SpawnAttributesBlockedSignals(attributes, signals), program);
            Require(LibC.SpawnAttributesFlags(attributes, SetDefaultSignals | SetBlockedSignals | SetSession), program);
            Require(LibC.Spawn(out var process, path, actions, attributes, argv.Pointer, envp.Pointer), $"{program} (output to {outputFile})");
            return process;
        }
        finally
        {
            _ = LibC.SpawnActionsDestroy(actions);
            _ = LibC.SpawnAttributesDestroy(attributes);
            Marshal.FreeCoTaskMem((nint)path);
        }
    }

    // The posix_spawn family returns the error number instead of setting errno.
    private static void Require(int error, string what)
    {
        if (error != 0)
            throw new AhoyException(ErrorCode.RuntimeFailed, $"Starting {what} failed: {Marshal.GetPInvokeErrorMessage(error)}.");
    }
}
