using Ahoy.Images.Capture.Elf;
using Ahoy.Images.Capture.Scripts;

namespace Ahoy.Images.Capture;

/// <summary>Tells programs from other files by their first bytes.</summary>
internal static class ProgramFiles
{
    private const ushort ExecutableType = 2, SharedType = 3;

    /// <summary>ELF programs and libraries, and scripts with a "#!" line, below a directory; symbolic links to directories are not followed.</summary>
    public static IEnumerable<string> In(RootDirectory root, string directory)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device, IgnoreInaccessible = false };
        var host = root.HostPath(root.Directory(directory)!);
        return Directory.EnumerateFiles(host, "*", options)
            .Where(IsProgram)
            .Select(file => $"{directory.TrimEnd('/')}/{Path.GetRelativePath(host, file)}")
            .Order(StringComparer.Ordinal);
    }

    public static bool IsProgram(string hostPath) => new FileInfo(hostPath).Length > 3 && (IsLoadable(hostPath) || Shebang.Read(hostPath) is not null);

    /// <summary>Object files and core dumps are ELF files too, but nothing can load them.</summary>
    public static bool IsLoadable(string hostPath)
    {
        if (!ElfReader.IsElf(hostPath))
            return false;
        Span<byte> header = stackalloc byte[18];
        using var file = File.OpenRead(hostPath);
        return file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length && header[16] is (byte)ExecutableType or (byte)SharedType;
    }
}
