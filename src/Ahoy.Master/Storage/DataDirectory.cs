using Ahoy.Contracts;

namespace Ahoy.Master.Storage;

/// <summary>The folder of everything that the master keeps. What a master knows in memory holds only while nobody else writes there.</summary>
internal static class DataDirectory
{
    /// <summary>Makes the folder when it is missing, and takes it for this process (flock on the file "lock", which the kernel gives back when the process ends).</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.Conflict"/> when another master has it; <see cref="ErrorCode.Internal"/> when it can't be used.</exception>
    public static FileStream Open(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AhoyException(ErrorCode.Internal, $"The master's data directory {directory} can't be used: {e.Message} Choose another with --data.", e);
        }

        try
        {
            return new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new AhoyException(ErrorCode.Conflict, $"Another master works on {directory}. Stop it, or choose another directory with --data.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new AhoyException(ErrorCode.Internal, $"The master's data directory {directory} can't be used: {e.Message} Choose another with --data.", e);
        }
    }
}
