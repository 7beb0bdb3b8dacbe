namespace Ahoy.Master.Storage;

/// <summary>Logs: files that somebody may still be writing.</summary>
internal static class GrowingFile
{
    /// <summary>Up to <paramref name="count"/> bytes from <paramref name="offset"/>; empty at the end, and when there is no such file.</summary>
    public static byte[] Read(string path, long offset, int count)
    {
        if (!File.Exists(path))
            return [];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var length = Math.Clamp(file.Length - offset, 0, count);
        if (length == 0)
            return [];
        var bytes = new byte[length];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }
}
