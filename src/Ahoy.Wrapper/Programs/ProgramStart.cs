using System.Runtime.InteropServices;
using Ahoy.Contracts;
using Ahoy.Contracts.Relay;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Programs;

/// <summary>Starts the job's program in a session of its own, with nothing of the wrapper but its two output pipes.</summary>
internal static unsafe class ProgramStart
{
    // spawn.h of glibc.
    private const short SetSignalDefault = 0x04, SetSignalMask = 0x08, SetSession = 0x80;
    // posix_spawnattr_t has 336 bytes and posix_spawn_file_actions_t 80 in glibc on 64-bit systems, sigset_t 128; musl's are no larger.
    private const int AttributesSize = 512, ActionsSize = 256, SignalSetSize = 128;

    /// <returns>The process id, which is also the id of its process group and its session.</returns>
    /// <exception cref="CannotStartException">With the exit code that shells use for it.</exception>
    public static int Start(WrapperOrders orders, ProcessScope scope, int standardOutput, int standardError)
    {
        if (!StatX.TryRead(orders.WorkingDirectory, follow: true, out var directory) || !directory.IsDirectory)
            throw new CannotStartException(CannotStartException.NotExecutable, $"The working directory {orders.WorkingDirectory} does not exist in the container.", "Create it in the image, or use the default, the scratch directory.");
        var file = ExecutableLookup.Find(orders.Command[0], orders.Environment, orders.WorkingDirectory);

        using var arguments = new CStrings(orders.Command, "argument");
        using var environment = new CStrings([.. orders.Environment.Select(v => $"{v.Key}={v.Value}")], "environment variable");
        var standardInput = OpenEmptyInput();
        try
        {
            using var preferred = new OomPreference();
            // The program runs under the same user id: it must not trace the wrapper or read its memory (ptrace(2), access mode checking).
            if (scope.IsFirstProcess)
                _ = Libc.PrCtl(Libc.PrSetDumpable, 0, 0, 0, 0);
            var error = Spawn(file, orders.WorkingDirectory, arguments, environment, standardInput, standardOutput, standardError, out var pid);
            return error switch
            {
                0 => pid,
                Libc.EAgain or Libc.ENoMem => throw new AhoyException(ErrorCode.RuntimeFailed, $"The host refused to start another process: {Marshal.GetPInvokeErrorMessage(error)}.", transient: true),
                _ => throw StartFailure.Explain(orders.Command[0], file, error),
            };
        }
        finally
        {
            _ = Libc.Close(standardInput);
        }
    }

    private static int Spawn(string file, string directory, CStrings arguments, CStrings environment, int input, int output, int error, out int pid)
    {
        var attributes = stackalloc byte[AttributesSize];
        var actions = stackalloc byte[ActionsSize];
        var signals = stackalloc byte[SignalSetSize];
        Check(Libc.SpawnAttributesInit(attributes));
        Check(Libc.SpawnActionsInit(actions));
        try
        {
            Check(Libc.SpawnAttributesSetFlags(attributes, SetSignalDefault | SetSignalMask | SetSession));
            // .NET ignores SIGPIPE, and what is ignored stays ignored after exec: everything goes back to its default.
            Check(Libc.SignalSetFill(signals));
            Check(Libc.SpawnAttributesSetSignalDefault(attributes, signals));
            Check(Libc.SignalSetEmpty(signals));
            Check(Libc.SpawnAttributesSetSignalMask(attributes, signals));
            Check(Libc.SpawnActionsAddDup2(actions, input, 0));
            Check(Libc.SpawnActionsAddDup2(actions, output, 1));
            Check(Libc.SpawnActionsAddDup2(actions, error, 2));
            Check(Libc.SpawnActionsAddCloseFrom(actions, 3));
            Check(Libc.SpawnActionsAddChangeDirectory(actions, directory));
            return Libc.PosixSpawn(out pid, file, actions, attributes, arguments.Pointer, environment.Pointer);
        }
        finally
        {
            _ = Libc.SpawnActionsDestroy(actions);
            _ = Libc.SpawnAttributesDestroy(attributes);
        }
    }

    /// <summary>/dev/null, or in a container without /dev a pipe that nobody writes to.</summary>
    private static int OpenEmptyInput()
    {
        var descriptor = Libc.Open("/dev/null", Libc.OReadOnly | Libc.OCloseOnExec, 0);
        if (descriptor >= 0)
            return descriptor;
        var pipe = Pipe.Create();
        _ = Libc.Close(pipe.WriteEnd);
        return pipe.ReadEnd;
    }

    private static void Check(int error)
    {
        if (error != 0)
            throw new AhoyException(ErrorCode.RuntimeFailed, $"The wrapper could not prepare the program's start: {Marshal.GetPInvokeErrorMessage(error)}.", transient: true);
    }
}
