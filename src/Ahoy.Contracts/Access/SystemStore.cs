using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace Ahoy.Contracts.Access;

/// <summary>
/// Keeps the platform from reading the system's certificates. It parses all of them, some 300 files, before the first check of any
/// certificate, also of one whose policy names its own roots: 50 ms of every command.
/// </summary>
internal static partial class SystemStore
{
    private const string FileVariable = "SSL_CERT_FILE";
    private const string DirectoryVariable = "SSL_CERT_DIR";

    // Once for the process; the platform keeps the places that it saw first.
    private static readonly Lazy<string?> File = new(Hide);

    /// <summary>
    /// Hides the store from the platform. Connections to anybody but a master use <see cref="PublicTls"/>, which reads it itself.
    /// </summary>
    public static void Skip() => _ = File.Value;

    /// <summary>What SSL_CERT_FILE was, as the user set it.</summary>
    public static string? UserFile => File.Value;

    private static string? Hide()
    {
        var file = Environment.GetEnvironmentVariable(FileVariable);
        var directory = Environment.GetEnvironmentVariable(DirectoryVariable);
        Set(FileVariable, "/dev/null");
        Set(DirectoryVariable, "/dev/null");
        try
        {
            using var roots = new X509Store(StoreName.Root, StoreLocation.LocalMachine);
            roots.Open(OpenFlags.ReadOnly);
            // Opening reads nothing yet.
            _ = roots.Certificates;
        }
        finally
        {
            // Programs that this one starts see what the user set.
            Set(FileVariable, file);
            Set(DirectoryVariable, directory);
        }

        return file;
    }

    // The platform's C part reads the C library's environment, which .NET's own does not change: setenv(3).
    private static void Set(string name, string? value)
    {
        if ((value is null ? UnsetEnvironment(name) : SetEnvironment(name, value, overwrite: 1)) != 0)
            throw new InvalidOperationException($"The environment variable {name} can't be set: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int UnsetEnvironment(string name);
}
