using Ahoy.Contracts;

namespace Ahoy.Client.Transfers;

/// <summary>A file on this machine whose digest is known, and what it looked like when it was read.</summary>
internal sealed record LocalBlob(string Path, Digest Digest, FileStamp Stamp)
{
    /// <summary>Bytes.</summary>
    public long Size => Stamp.Size;

    /// <exception cref="AhoyException"><see cref="ErrorCode.Conflict"/>.</exception>
    public void CheckUnchanged()
    {
        if (FileStamp.Of(Path) != Stamp)
            throw Changed();
    }

    public AhoyException Changed() =>
        new(ErrorCode.Conflict, $"{Path} changed while it was being uploaded. Wait until whatever writes it has finished, then repeat the command.");
}
