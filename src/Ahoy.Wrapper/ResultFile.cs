using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper;

/// <summary>
/// The file by which the agent learns how the attempt ended: whole or not there at all. Its space is taken before the program runs,
/// because a program that fills the disk is a usual reason for an end.
/// </summary>
internal sealed class ResultFile(string outDirectory) : IDisposable
{
    private readonly string _final = Path.Combine(outDirectory, WrapperOrders.ResultFileName);
    private FileStream? _reserved;

    private string Temporary => _final + ".tmp";

    /// <exception cref="AhoyException"><see cref="ErrorCode.DiskFull"/>, transient.</exception>
    public void Reserve(IReadOnlyList<JobOutput> outputs)
    {
        _reserved = Create();
        try
        {
            DiskSpace.Reserve(_reserved, WrapperResult.MostBytes(outputs));
        }
        catch (IOException e)
        {
            throw new AhoyException(ErrorCode.DiskFull, "The host's disk has no room even for the job's result.", e, transient: true);
        }
    }

    /// <exception cref="IOException">The disk is full or the folder is gone.</exception>
    public void Write(WrapperResult result)
    {
        // The program could write here too: when it has removed what was reserved, or more is to be said than was thought, there is still the disk itself.
        if (_reserved is null || !IsInPlace(_reserved))
        {
            _reserved?.Dispose();
            _reserved = Create();
        }

        _reserved.Position = 0;
        JsonSerializer.Serialize(_reserved, result, AhoyJson.Default.WrapperResult);
        _reserved.SetLength(_reserved.Position);
        _reserved.Dispose();
        // No flush to the disk: the rename makes it whole for every process, and a host that goes down takes the attempt with it.
        File.Move(Temporary, _final, overwrite: true);
    }

    public void Dispose() => _reserved?.Dispose();

    // proc_pid_fd(5): the name under which the open file lies now, with " (deleted)" when it has none: a file that the program put in its place is another one.
    private bool IsInPlace(FileStream file) => new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget == Temporary;

    private FileStream Create()
    {
        // What the program may have put under this name is not written through.
        File.Delete(Temporary);
        return new FileStream(Temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }
}
