using System.Collections;
using System.ComponentModel;
using System.IO.Pipes;
using System.Runtime.InteropServices;

namespace Ahoy.Client.Local;

/// <summary>
/// Starts a program that outlives this one: in a session of its own (setsid(2)), in the root directory, without this process's files.
/// The platform's Process class can do none of that.
/// </summary>
internal static partial class DaemonSpawn
{
    // spawn.h; SETSIGMASK with the empty mask of a fresh attribute object unblocks all signals.
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;
    private const int ReadOnly = 0;
    private const int WriteCreateTruncate = 0x1 | 0x40 | 0x200;
    private const uint OwnerFile = 0x180;

    // posix_spawn_file_actions_t has 80 bytes and posix_spawnattr_t 336 in glibc on 64 bits; musl's are smaller.
    private const int OpaqueSize = 512;

    /// <param name="errorFile">Gets the program's standard error, from its beginning.</param>
    /// <param name="output">The reading end of the program's standard output.</param>
    /// <returns>The process id.</returns>
    /// <exception cref="Win32Exception">The program can't be started.</exception>
    public static int Start(string program, IReadOnlyList<string> arguments, string errorFile, out AnonymousPipeServerStream output)
    {
        var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        var actions = new byte[OpaqueSize];
        var attributes = new byte[OpaqueSize];
        Check(InitActions(actions));
        Check(InitAttributes(attributes));
        try
        {
            Check(SetFlags(attributes, SetSignalMask | SetSession));
            Check(AddOpen(actions, 0, "/dev/null", ReadOnly, 0));
            // The copy loses close-on-exec; the original does not.
            Check(AddDuplicate(actions, (int)pipe.ClientSafePipeHandle.DangerousGetHandle(), 1));
            Check(AddOpen(actions, 2, errorFile, WriteCreateTruncate, OwnerFile));
            Check(AddChangeDirectory(actions, "/"));
            Check(Spawn(out var id, program, actions, attributes, [program, .. arguments, null], EnvironmentBlock()));
            output = pipe;
            return id;
        }
        catch
        {
            pipe.Dispose();
            throw;
        }
        finally
        {
            pipe.DisposeLocalCopyOfClientHandle();
            DestroyActions(actions);
            DestroyAttributes(attributes);
        }
    }

    /// <summary>This process's environment, without the user's own login: a daemon has its credentials in its folder.</summary>
    private static string?[] EnvironmentBlock() =>
    [
        .. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(entry => entry.Key is not ("AHOY_URL" or "AHOY_TOKEN"))
            .Select(entry => $"{entry.Key}={entry.Value}"),
        null,
    ];

    // These functions return the error number and leave errno alone.
    private static void Check(int error)
    {
        if (error != 0)
            throw new Win32Exception(error);
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Spawn(out int id, string path, [In, Out] byte[] actions, [In, Out] byte[] attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int InitActions([In, Out] byte[] actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int DestroyActions([In, Out] byte[] actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddOpen([In, Out] byte[] actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDuplicate([In, Out] byte[] actions, int descriptor, int copy);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddChangeDirectory([In, Out] byte[] actions, string path);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitAttributes([In, Out] byte[] attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int DestroyAttributes([In, Out] byte[] attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags([In, Out] byte[] attributes, short flags);
}
